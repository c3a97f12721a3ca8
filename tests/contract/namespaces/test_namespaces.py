"""Namespaces: made, changed, counted, deleted with everything in them."""

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up, upload
from tests.support.tutorial.option_a import BUCKET

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def _made(client: httpx.AsyncClient, **given: Any) -> dict[str, Any]:
    body = {"namespace_name": new_id("team"), **given}
    made: dict[str, Any] = await ok(client, "POST", "/v1/namespaces", body)
    return made


async def test_what_is_said_of_a_namespace_is_shown(client: httpx.AsyncClient) -> None:
    extractors = [{"feature_extractor_name": "image_extractor", "version": "v1", "params": None}]
    indexes = [{"field_name": "product_label", "type": "keyword", "field_schema": None, "is_protected": False}]
    made = await _made(client, description="d", feature_extractors=extractors, payload_indexes=indexes)
    assert made["feature_extractors"] == [extractors[0] | {"feature_extractor_id": "image_extractor_v1"}]
    assert made["payload_indexes"] == indexes
    assert (made["payload_index_count"], made["description"], made["expires_at"]) == (1, "d", None)


async def test_a_namespace_is_renamed_and_found_by_its_new_name_alone(stack: Stack, client: httpx.AsyncClient) -> None:
    made = await _made(client)
    name = new_id("renamed")
    for method in ("PATCH", "PUT"):
        body = {"namespace_name": name, "description": None}
        assert (await ok(client, method, f"/v1/namespaces/{made['namespace_id']}", body))["namespace_name"] == name
    await refused(client, 404, "GET", f"/v1/namespaces/{made['namespace_name']}")
    async with stack.client(name) as inside:
        await ok(inside, "POST", "/v1/buckets", BUCKET)
    await refused(client, 409, "PATCH", f"/v1/namespaces/{stack.namespace_id}", {"namespace_name": name})


async def test_a_lifetime_gives_a_time_at_which_it_ends(client: httpx.AsyncClient) -> None:
    made = await _made(client, ttl_seconds=3600)
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert 3000 < left.total_seconds() <= 3600
    path = f"/v1/namespaces/{made['namespace_id']}"
    assert (await ok(client, "PATCH", path, {"expires_at": None}))["expires_at"] is None
    assert (await ok(client, "PATCH", path, {"expires_at": "2030-01-01T00:00:00"}))["expires_at"][:4] == "2030"


async def test_what_is_in_a_namespace_is_counted(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client)
    await stack.process(created["object_id"])
    counts = {"bucket_count": 1, "collection_count": 1, "object_count": 1, "document_count": 1}
    stats = await ok(client, "GET", f"/v1/namespaces/{stack.namespace_id}_name/stats")
    assert stats == {"namespace_id": stack.namespace_id, "document_count_complete": True, **counts}
    body = {"namespace_ids": [stack.namespace_id, "ns_nobody0000"]}
    assert (await ok(client, "POST", "/v1/namespaces/stats/batch", body))["stats"] == {stack.namespace_id: stats}


async def test_a_deleted_namespace_is_gone_at_once_and_its_name_free(stack: Stack, client: httpx.AsyncClient) -> None:
    made = await _made(client)
    async with stack.client(made["namespace_id"]) as inside:
        await ok(inside, "POST", "/v1/buckets", BUCKET)
        deleted = await ok(client, "DELETE", f"/v1/namespaces/{made['namespace_name']}")
        assert (deleted["status"], deleted["namespace_id"]) == ("PENDING", made["namespace_id"])
        await refused(inside, 404, "GET", "/v1/buckets/products_unified")
    await refused(client, 404, "GET", f"/v1/namespaces/{made['namespace_id']}")
    await refused(client, 404, "DELETE", f"/v1/namespaces/{made['namespace_id']}")
    found = await ok(client, "POST", "/v1/namespaces/list", {"search": made["namespace_name"]})
    assert found["results"] == []
    again = await _made(client, namespace_name=made["namespace_name"])
    assert again["namespace_id"] != made["namespace_id"]
    task = await stack.gateway.pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", deleted["task_id"])
    assert task is not None
    assert (task["kind"], task["task_type"]) == ("delete_namespace", "api_namespaces_delete")


async def test_a_busy_namespace_is_deleted_only_by_force(stack: Stack, client: httpx.AsyncClient) -> None:
    made = await _made(client)
    async with stack.client(made["namespace_id"]) as inside:
        await ok(inside, "POST", "/v1/buckets", BUCKET)
        running = await ok(inside, "DELETE", "/v1/buckets/products_unified")
    path = f"/v1/namespaces/{made['namespace_id']}"
    error = await refused(client, 409, "DELETE", path)
    assert running["task_id"] in error["message"]
    await ok(client, "DELETE", f"{path}?force=true")
    status = await stack.gateway.pool.fetchval("SELECT status FROM tasks WHERE task_id = $1", running["task_id"])
    assert status == "CANCELED"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"namespace_name": "ab"}, "namespace_name"),
        ({"namespace_name": "a/b/c"}, "namespace_name"),
        ({"namespace_name": "x" * 65}, "namespace_name"),
        ({"namespace_name": "good", "namespace_id": "mine"}, "namespace_id"),
        ({"namespace_name": "good", "ttl_seconds": 5}, "ttl_seconds"),
        ({"namespace_name": "good", "ttl_seconds": 10**300}, "ttl_seconds"),
        ({"namespace_name": "good", "payload_indexes": [{"field_name": "f", "type": "magic"}]}, "payload_indexes"),
    ],
)
async def test_what_a_namespace_cannot_be_is_named(client: httpx.AsyncClient, body: dict[str, Any], field: str) -> None:
    error = await refused(client, 422, "POST", "/v1/namespaces", body)
    assert error["details"]["path"].startswith(f"body.{field}")


async def test_every_namespace_has_the_extractors_that_are_served(stack: Stack, client: httpx.AsyncClient) -> None:
    path = f"/v1/namespaces/{stack.namespace_id}/extractors"
    listed = await ok(client, "GET", path)
    assert (listed["namespace_id"], listed["builtin_count"]) == (stack.namespace_id, listed["total"])
    found = await ok(client, "GET", f"{path}/image_extractor_v1")
    assert found in listed["extractors"]
    assert found["feature_uri"] == "mixpeek://image_extractor@v1/google_siglip_base_v1"
    await refused(client, 404, "GET", f"{path}/mind_reader")
    await refused(client, 404, "GET", "/v1/namespaces/ns_nobody0000/extractors")
