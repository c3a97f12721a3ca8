"""Each of the client's calls is served, or left out for a reason that the answer and the docs give."""

import re
from dataclasses import replace

import httpx
import pytest

from services.gateway.kit.http.unserved_calls import UNSERVED_CALLS, table, unserved_call
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.mixpeek_client import Operation, operations
from tests.support.gateway.openapi import document
from tests.support.places import ROOT

DOCS = ROOT / "docs" / "contract.md"
NAMED = re.compile(r"\b(GET|POST|PUT|PATCH|DELETE) (/[\w/{}.-]*[\w}])")


def plain(method: str, path: str) -> tuple[str, str]:
    """Method and path, whatever the parameters are called."""
    return method.upper(), re.sub(r"\{[^}]+\}", "{}", path)


def example(call: Operation) -> str:
    """The path of a call, with something in place of each parameter."""
    return re.sub(r"\{[^}]+\}", "x1", call.path)


@pytest.fixture(scope="module")
def served() -> set[tuple[str, str]]:
    """What our OpenAPI document lists."""
    return {plain(method, path) for path, methods in document()["paths"].items() for method in methods}


def missing(served: set[tuple[str, str]]) -> list[Operation]:
    """The calls that are not served."""
    return [each for each in operations() if plain(each.method, each.path) not in served]


def test_the_client_has_the_calls_that_were_counted() -> None:
    assert len(operations()) == 633


def test_every_call_is_served_or_left_out_for_a_reason(served: set[tuple[str, str]]) -> None:
    unexplained = [
        f"{each.method} {each.path}" for each in missing(served) if not unserved_call(each.method, example(each))
    ]
    assert unexplained == []


def test_nothing_that_is_served_is_said_to_be_left_out(served: set[tuple[str, str]]) -> None:
    said = [f"{method} {path}" for method, path in served if unserved_call(method, path.replace("{}", "x1"))]
    assert said == []


def test_nothing_that_is_left_out_is_unknown_to_the_client(served: set[tuple[str, str]]) -> None:
    alone = [replace(each, paths=(path,)) for each in UNSERVED_CALLS for path in each.paths]
    absent = [(call.method, example(call).removeprefix("/v1").rstrip("/")) for call in missing(served)]
    assert [each.paths for each in alone if not any(each.covers(*call) for call in absent)] == []


def test_what_to_use_instead_is_served(served: set[tuple[str, str]]) -> None:
    named = [plain(method, f"/v1{path}") for each in UNSERVED_CALLS for method, path in NAMED.findall(each.instead)]
    assert named and [each for each in named if each not in served] == []


def test_the_docs_list_what_is_left_out() -> None:
    lines = DOCS.read_text().splitlines()
    assert [row for row in table() if row not in lines] == []


@pytest.mark.asyncio(loop_scope="session")
async def test_a_call_that_is_left_out_answers_why_and_what_to_use(stack: Stack, served: set[tuple[str, str]]) -> None:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=stack.app),
        base_url="http://gateway",
        headers={"Authorization": f"Bearer {stack.key}", "X-Namespace": stack.namespace_id},
    ) as client:
        for call in missing(served):
            response = await client.request(call.method, example(call), json={} if call.method != "GET" else None)
            error = response.json()["error"]
            assert (response.status_code, error["code"]) == (404, "NOT_SERVED"), f"{call.method} {call.path}: {error}"
            assert error["details"]["instead"] in error["message"]
