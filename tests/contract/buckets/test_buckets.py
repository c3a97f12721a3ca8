"""Buckets: schemas in every spelling, unique keys, statistics, deletion as a task."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up, upload
from tests.support.tutorial.option_a import BUCKET

pytestmark = pytest.mark.asyncio(loop_scope="session")
PATH = "/v1/buckets/products_unified"


async def test_what_is_said_of_a_bucket_is_shown_and_changed(client: httpx.AsyncClient) -> None:
    unique = {"fields": ["sku"], "default_policy": "update"}
    made = await ok(client, "POST", "/v1/buckets", BUCKET | {"unique_key": unique, "storage_class": "coldline"})
    assert (made["unique_key"], made["storage_class"]) == (unique, "coldline")
    changed = await ok(client, "PUT", PATH, {"unique_key": {"fields": ["ean"]}, "metadata": {"a": 1}})
    assert changed["unique_key"] == {"fields": ["ean"], "default_policy": "upsert"}
    again = await ok(client, "PATCH", PATH, {"metadata": {"b": 2}, "bucket_name": "renamed"})
    assert (again["metadata"], again["bucket_name"], again["storage_class"]) == (
        {"a": 1, "b": 2},
        "renamed",
        "coldline",
    )


async def test_a_schema_keeps_what_it_says_of_its_fields(client: httpx.AsyncClient) -> None:
    field = {"type": "array", "items": {"type": "json"}, "required": True, "description": "d", "x-note": 1}
    body = {"name": "b", "schema": {"properties": {"tags": field, "short": "TEXT"}}}
    properties = (await ok(client, "POST", "/v1/buckets", body))["bucket_schema"]["properties"]
    assert properties["tags"] == field | {"items": {"type": "object"}}
    assert properties["short"] == {"type": "text"}


async def test_statistics_of_what_was_stored(client: httpx.AsyncClient) -> None:
    await set_up(client)
    for text in ("1", "12345"):
        await upload(client, {"blobs": [{"property": "image_url", "data": f"data:text/plain,{text}"}]})
    bucket = await ok(client, "GET", PATH)
    assert bucket["storage_stats"] == {
        "total_size_bytes": 6,
        "avg_size_bytes": 3,
        "max_size_bytes": 5,
        "min_size_bytes": 1,
    }
    assert bucket["batch_stats"]["total"] == 0


async def test_a_deleted_bucket_is_gone_at_once_and_its_name_free(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client)
    deleted = await ok(client, "DELETE", PATH)
    assert (deleted["status"], deleted["bucket_id"]) == ("PENDING", created["bucket_id"])
    for method, path in (("GET", PATH), ("GET", f"/v1/buckets/{deleted['bucket_id']}"), ("DELETE", PATH)):
        await refused(client, 404, method, path)
    await refused(client, 404, "GET", f"{OBJECTS}/{created['object_id']}")
    assert (await ok(client, "GET", "/v1/buckets"))["total_count"] == 0
    assert (await ok(client, "POST", "/v1/buckets", BUCKET))["object_count"] == 0
    task = await stack.gateway.pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", deleted["task_id"])
    assert task is not None
    assert (task["kind"], task["task_type"], task["inputs"]) == (
        "delete_bucket",
        "api_buckets_delete",
        {"bucket_id": deleted["bucket_id"]},
    )


async def test_buckets_are_sorted_and_filtered_by_a_map(client: httpx.AsyncClient) -> None:
    for name in ("b", "a", "c"):
        await ok(client, "POST", "/v1/buckets", BUCKET | {"bucket_name": name})
    listed = await ok(
        client,
        "POST",
        "/v1/buckets/list",
        {"sort": {"field": "bucket_name", "direction": "desc"}, "filters": {"bucket_name": {"$in": ["a", "b"]}}},
    )
    assert [each["bucket_name"] for each in listed["results"]] == ["b", "a"]


DEEP: dict[str, Any] = {"type": "object"}
for _ in range(200):
    DEEP = {"type": "object", "properties": {"x": DEEP}}


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"bucket_name": "a/b"}, 422, "body.bucket_name"),
        ({"bucket_schema": {"properties": {"f": {"type": "blob"}}}}, 422, "body.bucket_schema.properties.f"),
        ({"bucket_schema": {"properties": {"f": {}}}}, 422, "body.bucket_schema.properties.f.type"),
        ({"bucket_schema": []}, 422, "body.bucket_schema"),
        ({"unique_key": {"fields": []}}, 422, "body.unique_key.fields"),
        ({"unique_key": {"fields": ["a"], "default_policy": "merge"}}, 422, "body.unique_key.default_policy"),
        ({"storage_class": "hot"}, 422, "body.storage_class"),
        ({"bucket_schema": {"properties": {"f": DEEP}}}, 400, None),
        ({"metadata": {"nul": "a\x00b"}}, 422, None),
    ],
)
async def test_what_a_bucket_cannot_be_is_named(
    client: httpx.AsyncClient, change: dict[str, Any], status: int, path: str | None
) -> None:
    error = await refused(client, status, "POST", "/v1/buckets", BUCKET | change)
    assert path is None or error["details"]["path"].startswith(path)
