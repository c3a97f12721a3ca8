"""Tenants apart: whatever the route, one namespace neither sees nor changes what is in another.

The routes come from the OpenAPI document, so that a route added later is tested too. One whose path names a new kind
of thing fails here until tests/support/gateway/tenants.py says how to make one.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.types import ASGIApp

from services.common.database.api_keys import create_key
from services.common.ids import new_id
from services.gateway.kit.dependencies import Gateway
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.openapi import KEY, NAMESPACE, Route, resolved, routes
from tests.support.gateway.rest import ok, set_up
from tests.support.gateway.scripted_services import Surroundings
from tests.support.gateway.tenants import BODY_FIELDS, SECRET, TenantOf, furnished, state_of
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

# What a schema does not say of a body that validates.
BODIES: dict[str, dict[str, Any]] = {
    "/v1/retrievers/execute": {"stages": RETRIEVER["stages"]},
    "/v1/buckets/{bucket}/objects/batch": {"objects": [{"product_label": "intruder"}]},
    "/v1/collections/{collection}/clone": {"collection_name": "stolen"},
    "/v1/clusters": {"vector_config": {"clustering_method": "kmeans"}},
    "/v1/clusters/{cluster}/executions/{run_id}/labels": {"labels": {"cl_0": "stolen"}},
    "/v1/collections/{collection}/review/decisions": {
        "decisions": [
            {
                "decision_id": "intruder",
                "action": "label",
                "label": "stolen",
                "documents": [{"document_id": "1", "version": "1"}],
            }
        ]
    },
    "/v1/buckets/{bucket}/uploads": {"content_type": "image/png"},
    "/v1/buckets/{bucket}/uploads/batch": {"uploads": [{"filename": "f", "content_type": "image/png"}]},
}
PUBLIC = {
    "/v1/health",
    "/v1/health/deep",
    "/v1/health/beat",
    "/v1/health/liveness",
    "/v1/discovery",
    "/v1/discovery/extractors",
    "/v1/discovery/stages",
    "/v1/retrievers/stages",
    "/v1/collections/features",
    "/v1/collections/features/extractors",
    "/v1/collections/features/extractors/{extractor_id}",
    "/v1/blobs/content/{token}",
    "/v1/uploads/content/{token}",
    "/v1/exports/content/{token}",
    "/v1/pictures/{token}",
}
SCOPED = [each for each in routes() if NAMESPACE in each.schemes]
NAMING = [each for each in SCOPED if each.parameters]
LISTS = [each for each in SCOPED if not each.parameters and (each.method == "GET" or each.path.endswith("/list"))]
CLOSED = [each for each in routes() if each.path not in PUBLIC]


def names(route: Route) -> str:
    return f"{route.method} {route.path}"


def _body_cases() -> list[tuple[Route, str]]:
    found = []
    for route in SCOPED:
        properties = (route.body_schema() or {}).get("properties", {})
        found += [(route, name) for name in sorted(set(properties) & set(BODY_FIELDS))]
    return found


@dataclass(frozen=True, kw_only=True)
class Pair:
    """The one whose things are tried, and the one who tries."""

    stack: Stack
    victim: TenantOf
    intruder: TenantOf


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def pair(shared_gateway: Gateway, shared_app: ASGIApp, surroundings: Surroundings) -> AsyncIterator[Pair]:
    surroundings.reset()
    _, key = await create_key(shared_gateway.pool, "tenants")
    tenants = []
    async with AsyncExitStack() as open_clients:
        for _ in range(2):
            namespace_id = new_id("ns")
            insert = "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1 || '_name')"
            await shared_gateway.pool.execute(insert, namespace_id)
            stack = Stack(
                gateway=shared_gateway, app=shared_app, surroundings=surroundings, key=key, namespace_id=namespace_id
            )
            client = await open_clients.enter_async_context(stack.client())
            tenants.append(await furnished(stack, client, namespace_id))
        yield Pair(stack=stack, victim=tenants[0], intruder=tenants[1])


async def _send(client: httpx.AsyncClient, route: Route, ids: dict[str, str], **given: Any) -> httpx.Response:
    missing = [name for name in route.parameters if name not in ids]
    assert not missing, f"tests/support/gateway/tenants.py must say how to make: {', '.join(missing)}"
    body = route.body(**BODIES.get(route.path, {}), **given)
    return await client.request(route.method, route.address(ids), json=body)


async def test_the_document_has_the_routes_that_are_to_be_tested() -> None:
    assert min(len(NAMING), len(CLOSED)) > 80
    assert min(len(_body_cases()), len(LISTS)) > 10


@pytest.mark.parametrize("route", NAMING, ids=names)
async def test_foreign_ids_are_404_and_nothing_changes(pair: Pair, route: Route) -> None:
    before = await state_of(pair.stack, pair.victim.namespace_id)
    response = await _send(pair.intruder.client, route, pair.victim.ids)
    assert response.status_code == 404, response.text
    assert SECRET not in response.text
    assert await state_of(pair.stack, pair.victim.namespace_id) == before


@pytest.mark.parametrize("route", [each for each in NAMING if len(each.parameters) > 1], ids=names)
async def test_a_foreign_id_inside_ones_own_resource_is_404(pair: Pair, route: Route) -> None:
    inner = route.parameters[-1]
    if inner in ("version", "part"):
        inner = route.parameters[-2]
    before = await state_of(pair.stack, pair.victim.namespace_id)
    ids = pair.intruder.ids | {inner: pair.victim.ids.get(inner, "")}
    response = await _send(pair.intruder.client, route, ids)
    assert response.status_code == 404, response.text
    assert await state_of(pair.stack, pair.victim.namespace_id) == before


@pytest.mark.parametrize(
    ("route", "field"), _body_cases(), ids=lambda each: each if isinstance(each, str) else names(each)
)
async def test_a_foreign_id_in_a_body_reveals_and_changes_nothing(pair: Pair, route: Route, field: str) -> None:
    before = await state_of(pair.stack, pair.victim.namespace_id)
    foreign = pair.victim.ids[BODY_FIELDS[field]]
    schema = resolved((route.body_schema() or {})["properties"][field])
    given = {field: [foreign] if schema.get("type") == "array" else foreign}
    response = await _send(pair.intruder.client, route, pair.intruder.ids, **given)
    assert response.status_code < 500, response.text
    hidden = {
        name: value for name, value in pair.victim.ids.items() if value != foreign and name not in ("version", "part")
    }
    assert not [name for name, value in hidden.items() if value in response.text]
    assert await state_of(pair.stack, pair.victim.namespace_id) == before


@pytest.mark.parametrize("route", LISTS, ids=names)
async def test_lists_show_nothing_of_others(pair: Pair, stack: Stack, route: Route) -> None:
    async with stack.client() as client:
        response = await _send(client, route, {})
    assert response.status_code < 500, response.text
    ids = [value for name, value in pair.victim.ids.items() if name not in ("version", "part")]
    assert not [value for value in ids if value in response.text]


@pytest.mark.parametrize("path", sorted({each.path for each in LISTS if each.path.endswith("/list")}))
async def test_the_lists_of_an_empty_namespace_are_empty(stack: Stack, pair: Pair, path: str) -> None:
    async with stack.client() as client:
        listed = await ok(client, "POST", path)
    assert listed["results"] == []


async def test_the_public_routes_are_those_that_the_contract_names() -> None:
    assert {each.path for each in routes() if KEY not in each.schemes} == PUBLIC


@pytest.mark.parametrize("route", CLOSED, ids=names)
async def test_every_other_route_wants_a_good_key(stack: Stack, route: Route) -> None:
    ids = dict.fromkeys(route.parameters, "1")
    for headers in ({}, {"Authorization": f"Bearer {stack.key[:-1]}"}):
        async with stack.bare_client({**headers, "X-Namespace": stack.namespace_id}) as stranger:
            response = await _send(stranger, route, ids)
        assert response.status_code == 401, response.text
        assert response.json()["error"]["type"] == "UnauthorizedError"


@pytest.mark.parametrize("route", [each for each in CLOSED if NAMESPACE not in each.schemes], ids=names)
async def test_a_key_of_another_namespace_reaches_nothing_through_the_organization(pair: Pair, route: Route) -> None:
    """Such as tasks and batches, which are named without a namespace."""
    ids = {"namespace": pair.victim.namespace_id, "user_email": "a@b", "key_name": "k", **pair.victim.ids}
    ids |= {"extractor_id": "image_extractor_v1", "task_id": await _task_of(pair)}
    before = await state_of(pair.stack, pair.victim.namespace_id)
    headers = {"Authorization": f"Bearer {await _scoped_key(pair)}"}
    async with pair.stack.bare_client(headers) as scoped:
        response = await _send(scoped, route, ids)
    assert response.status_code < 500, response.text
    assert pair.victim.namespace_id not in response.text
    assert not [value for value in (ids["batch_id"], ids["task_id"]) if response.is_success and value in response.text]
    assert await state_of(pair.stack, pair.victim.namespace_id) == before


async def _task_of(pair: Pair) -> str:
    task_id = new_id("task", 16)
    insert = "INSERT INTO tasks (task_id, namespace_id, kind, task_type) VALUES ($1, $2, 'work', 'materialize')"
    await pair.stack.gateway.pool.execute(insert, task_id, pair.victim.namespace_id)
    return task_id


async def _scoped_key(pair: Pair) -> str:
    key_id, key = await create_key(pair.stack.gateway.pool, "scoped")
    scopes = [{"resource_type": "namespace", "resource_id": pair.intruder.namespace_id, "operations": None}]
    await pair.stack.gateway.pool.execute("UPDATE api_keys SET scopes = $2 WHERE key_id = $1", key_id, scopes)
    return key


async def test_names_are_unique_within_a_namespace_only(client: httpx.AsyncClient, pair: Pair) -> None:
    assert (await set_up(client))["collection_id"] != pair.victim.ids["collection"]


async def test_a_collection_cannot_be_built_on_foreign_things(
    stack: Stack, client: httpx.AsyncClient, pair: Pair
) -> None:
    ids = pair.victim.ids
    for source in (
        {"type": "bucket", "bucket_ids": [ids["bucket"]]},
        {"type": "collection", "collection_id": ids["collection"]},
    ):
        assert (await client.post("/v1/collections", json=COLLECTION | {"source": source})).status_code == 404
    await ok(client, "POST", "/v1/buckets", BUCKET)
    taxonomy = COLLECTION["taxonomy"] | {"retriever_id": ids["retriever"]}
    assert (await client.post("/v1/collections", json=COLLECTION | {"taxonomy": taxonomy})).status_code == 404
