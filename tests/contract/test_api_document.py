"""The API document is valid, complete, and can be read without the internet."""

import re

import httpx
import pytest
from openapi_spec_validator import validate

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.openapi import document

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_the_document_is_valid_openapi_3_1(client: httpx.AsyncClient) -> None:
    published = (await client.get("/openapi.json")).json()
    assert published["openapi"].startswith("3.1")
    validate(published)


async def test_docs_is_the_document_for_programs_and_a_page_for_browsers(client: httpx.AsyncClient) -> None:
    assert (await client.get("/docs")).json() == (await client.get("/openapi.json")).json()
    page = await client.get("/docs", headers={"Accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    needed = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert needed
    for address in needed:
        assert address.startswith("/")
        assert (await client.get(address)).status_code == 200


async def test_every_operation_is_described_and_documents_its_errors() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            assert operation.get("description"), f"{method} {path}"
            assert {"401", "404", "422"} <= set(operation["responses"]), f"{method} {path}"
            envelope = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert envelope["$ref"].endswith("/ErrorResponse"), f"{method} {path}"


async def test_every_body_and_answer_has_a_model() -> None:
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            answer = operation["responses"].get("200")
            if answer is not None:
                contents = answer["content"].values()
                assert contents and all(content["schema"] for content in contents), f"{method} {path}"


async def test_health_tells_what_is_missing(stack: Stack) -> None:
    async with stack.bare_client({}) as anyone:
        assert (await anyone.get("/v1/health")).json()["status"] == "healthy"
        assert (await anyone.get("/health/liveness")).json() == {"status": "alive"}
