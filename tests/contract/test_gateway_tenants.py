"""Tenants apart: whatever the route, one namespace neither sees nor changes what is in another.

The routes come from the application itself, so that a route added later is tested too.
"""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from services.common.ids import new_id
from services.gateway.aliases import BASE
from services.gateway.app import ROUTERS
from services.gateway.context import in_any_namespace, in_namespace
from tests.support.gateway import Stack
from tests.support.rest import ok, set_up, upload
from tests.support.tutorial import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

BODIES: dict[str, Any] = {
    "/v1/retrievers/execute": {"stages": RETRIEVER["stages"]},
    "/v1/collections/{collection}/documents/distinct": {"field": "product_label"},
    "/v1/buckets/{bucket}/objects/batch": {"objects": [{"product_label": "intruder"}]},
}
QUERIES = {"/v1/collections/{collection}/analytics/field-distribution": "?field=product_label"}


def scoped_routes() -> Iterator[tuple[str, str]]:
    """Method and path of each route that reads X-Namespace and names something in its path."""
    for route in (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)):
        calls = {dependency.call for dependency in route.dependant.dependencies}
        if calls & {in_namespace, in_any_namespace} and "{" in route.path:
            yield from ((method, BASE + route.path) for method in sorted(route.methods or ()))


async def _foreign_ids(stack: Stack, client: httpx.AsyncClient) -> dict[str, str]:
    collection = await set_up(client)
    created = await upload(client, {"blobs": [{"property": "image_url", "data": "data:text/plain,secret"}]})
    document_id = await stack.process(created["object_id"], fields={"product_label": "secret"})
    return {
        "bucket": created["bucket_id"],
        "object_id": created["object_id"],
        "blob_id": created["blobs"][0]["blob_id"],
        "collection": collection["collection_id"],
        "retriever": collection["taxonomy"]["retriever_id"],
        "document_id": document_id,
    }


async def _other_tenant(stack: Stack) -> httpx.AsyncClient:
    namespace_id = new_id("ns")
    query = "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1 || '_name')"
    await stack.gateway.pool.execute(query, namespace_id)
    return stack.client(namespace_id)


async def _state(stack: Stack) -> list[list[tuple[Any, ...]]]:
    tables = ("buckets", "retrievers", "collections", "taxonomies", "objects", "documents")
    query = "SELECT t::text FROM {} t WHERE namespace_id = $1 ORDER BY 1"
    found = [await stack.gateway.pool.fetch(query.format(table), stack.namespace_id) for table in tables]
    return [[tuple(row) for row in rows] for rows in found]


async def test_there_are_routes_to_test() -> None:
    assert len(list(scoped_routes())) >= 25


@pytest.mark.parametrize(("method", "path"), sorted(scoped_routes()))
@pytest.mark.parametrize("own_names", [False, True])
async def test_foreign_ids_are_404_and_nothing_changes(
    stack: Stack, client: httpx.AsyncClient, method: str, path: str, own_names: bool
) -> None:
    """Also when the intruder has resources of the same names, and only the innermost id is foreign."""
    ids = await _foreign_ids(stack, client)
    before = await _state(stack)
    async with await _other_tenant(stack) as intruder:
        if own_names:
            await set_up(intruder)
            outer = {"bucket": "products_unified", "collection": "products_unified"}
            ids = {name: outer.get(name, value) if path.count("{") > 1 else value for name, value in ids.items()}
        address = path.format(**ids) + QUERIES.get(path, "")
        body = BODIES.get(path, {}) if method in ("POST", "PUT", "PATCH") else None
        response = await intruder.request(method, address, json=body)
    assert response.status_code == 404, response.text
    assert "secret" not in response.text
    assert await _state(stack) == before


@pytest.mark.parametrize("path", ["/v1/buckets", "/v1/retrievers", "/v1/collections"])
async def test_lists_show_ones_own(stack: Stack, client: httpx.AsyncClient, path: str) -> None:
    await set_up(client)
    async with await _other_tenant(stack) as other:
        assert (await ok(other, "GET", path))["results"] == []
        assert (await ok(other, "POST", f"{path}/list"))["results"] == []


async def test_names_are_unique_within_a_namespace_only(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    async with await _other_tenant(stack) as other:
        await set_up(other)


async def test_a_collection_cannot_be_built_on_foreign_things(stack: Stack, client: httpx.AsyncClient) -> None:
    ids = await _foreign_ids(stack, client)
    async with await _other_tenant(stack) as intruder:
        source = {"type": "bucket", "bucket_ids": [ids["bucket"]]}
        assert (await intruder.post("/v1/collections", json=COLLECTION | {"source": source})).status_code == 404
        await ok(intruder, "POST", "/v1/buckets", BUCKET)
        taxonomy = COLLECTION["taxonomy"] | {"retriever_id": ids["retriever"]}
        assert (await intruder.post("/v1/collections", json=COLLECTION | {"taxonomy": taxonomy})).status_code == 404
