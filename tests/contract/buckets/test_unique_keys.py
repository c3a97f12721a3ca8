"""Unique keys: the same product uploaded again is the same object, and what a person said of it stays said."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused
from tests.support.tutorial.option_a import COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCHEMA = {"sku": {"type": "string"}, "image_url": {"type": "image"}, "product_label": {"type": "text"}}


async def set_up(client: httpx.AsyncClient, policy: str | None = "upsert") -> None:
    """A bucket whose objects are told apart by `sku`, and the tutorial's collection over it."""
    key = {"fields": ["sku"], **({"default_policy": policy} if policy else {})}
    bucket = {"bucket_name": "products_unified", "bucket_schema": {"properties": SCHEMA}, "unique_key": key}
    await ok(client, "POST", "/v1/buckets", bucket)
    await ok(client, "POST", "/v1/retrievers", RETRIEVER)
    extractor = COLLECTION["feature_extractor"] | {"field_passthrough": ["product_label", "price"]}
    await ok(client, "POST", "/v1/collections", COLLECTION | {"feature_extractor": extractor})


def product(sku: Any, url: str = "https://h/1.jpg", **fields: Any) -> dict[str, Any]:
    return {"sku": sku, "blobs": [{"property": "image_url", "type": "image", "data": url}], **fields}


async def test_an_upsert_replaces_blobs_merges_fields_and_processes_anew(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    first = await ok(client, "POST", OBJECTS, product("a", price=1, colour="red"))
    document_id = await stack.process(first["object_id"])
    await stack.gateway.pool.execute("UPDATE processing SET status = 'COMPLETED'")
    stack.surroundings.index.refreshed.clear()
    again = await ok(client, "POST", OBJECTS, product("a", "https://h/2.jpg", price=2))
    assert again["object_id"] == first["object_id"]
    assert again["metadata"] == {"sku": "a", "price": 2, "colour": "red"}
    assert [blob["properties"]["url"] for blob in again["blobs"]] == ["https://h/2.jpg"]
    assert again["status"] == "PENDING"
    records = "SELECT status FROM processing WHERE object_id = $1"
    assert await stack.gateway.pool.fetchval(records, first["object_id"]) == "PENDING"
    document = await ok(client, "GET", f"/v1/documents/{document_id}")
    assert document["metadata"]["price"] == 2
    assert stack.surroundings.index.refreshed == [document_id]


@pytest.mark.parametrize("label", [None, "the machine's guess"])
async def test_an_upsert_never_takes_a_persons_label(
    client: httpx.AsyncClient, stack: Stack, label: str | None
) -> None:
    await set_up(client)
    first = await ok(client, "POST", OBJECTS, product("a", product_label=None))
    document_id = await stack.process(first["object_id"])
    await ok(client, "PATCH", f"{OBJECTS}/{first['object_id']}", {"metadata": {"product_label": "Shoes"}})
    again = await ok(client, "POST", OBJECTS, product("a", "https://h/2.jpg", product_label=label))
    assert again["product_label"] == "Shoes"
    assert (await ok(client, "GET", f"/v1/documents/{document_id}"))["product_label"] == "Shoes"


async def test_an_upload_without_a_label_does_not_take_one_away(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", OBJECTS, product("a", product_label="Shoes"))
    assert (await ok(client, "POST", OBJECTS, product("a", product_label=None)))["product_label"] == "Shoes"
    assert (await ok(client, "POST", OBJECTS, product("a", product_label="Boots")))["product_label"] == "Boots"


async def test_an_insert_of_a_known_key_names_the_object_that_has_it(client: httpx.AsyncClient) -> None:
    await set_up(client)
    first = await ok(client, "POST", OBJECTS, product("a"))
    error = await refused(client, 409, "POST", f"{OBJECTS}?policy=insert", product("a"))
    assert (error["type"], error["details"]["id"]) == ("AlreadyExistsError", first["object_id"])
    assert (await ok(client, "POST", f"{OBJECTS}?policy=insert", product("b")))["object_id"] != first["object_id"]


async def test_an_update_of_an_unknown_key_is_404(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await refused(client, 404, "POST", f"{OBJECTS}?policy=update", product("a"))
    first = await ok(client, "POST", OBJECTS, product("a"))
    assert (await ok(client, "POST", f"{OBJECTS}?policy=update", product("a", n=1)))["object_id"] == first["object_id"]


async def test_without_any_policy_the_same_product_is_the_same_object(client: httpx.AsyncClient) -> None:
    await set_up(client, policy=None)
    await refused(client, 422, "POST", f"{OBJECTS}?policy=double", product("a"))
    first = await ok(client, "POST", OBJECTS, product("a"))
    assert (await ok(client, "POST", OBJECTS, product("a")))["object_id"] == first["object_id"]


@pytest.mark.parametrize("value", [None, "", ["a"], {"a": 1}, "x" * 256])
async def test_a_key_needs_a_plain_value(client: httpx.AsyncClient, value: Any) -> None:
    await set_up(client)
    assert (await refused(client, 422, "POST", OBJECTS, product(value)))["details"]["path"] == "body.sku"


async def test_the_key_of_an_object_stays_as_it_is(client: httpx.AsyncClient) -> None:
    await set_up(client)
    first = await ok(client, "POST", OBJECTS, product("a"))
    path = f"{OBJECTS}/{first['object_id']}"
    assert (await refused(client, 422, "PATCH", path, {"sku": "b"}))["details"]["path"] == "body.sku"
    await ok(client, "PATCH", path, {"sku": "a", "price": 3})


async def test_a_batch_keeps_keys_apart_too(client: httpx.AsyncClient) -> None:
    await set_up(client)
    objects = [product("a", n=1), product("b"), product("a", m=2), product(None)]
    answer = await ok(client, "POST", f"{OBJECTS}/batch", {"objects": objects})
    ids = [each["object_id"] for each in answer["succeeded"]]
    assert ids[0] == ids[2] != ids[1]
    assert [each["object_index"] for each in answer["failed"]] == [3]
    assert answer["succeeded"][2]["metadata"] == {"sku": "a", "n": 1, "m": 2}


async def test_many_upserts_at_once_make_one_object_and_lose_no_field(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    uploads = [product("a", f"https://h/{n}.jpg", **{f"field_{n}": n}) for n in range(24)]
    answers = await asyncio.gather(*(ok(client, "POST", OBJECTS, each) for each in uploads))
    [object_id] = {each["object_id"] for each in answers}
    found = await ok(client, "GET", f"{OBJECTS}/{object_id}")
    assert found["metadata"] == {"sku": "a", **{f"field_{n}": n for n in range(24)}}
    assert len(found["blobs"]) == 1
    created = "SELECT count(*) FROM events WHERE subject_id = $1 AND event_type = 'object.created'"
    assert await stack.gateway.pool.fetchval(created, object_id) == 1
    assert await stack.gateway.pool.fetchval("SELECT count(*) FROM processing WHERE object_id = $1", object_id) == 1


async def test_many_inserts_at_once_make_one_object(client: httpx.AsyncClient) -> None:
    await set_up(client, policy="insert")
    responses = await asyncio.gather(*(client.post(OBJECTS, json=product("a")) for _ in range(12)))
    assert sorted(response.status_code for response in responses) == [200] + [409] * 11


async def test_many_uploads_of_one_content_at_once_make_one_object(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", {"bucket_name": "products_unified", "bucket_schema": {"properties": {}}})
    body = {
        "skip_duplicates": True,
        "blobs": [{"property": "content", "type": "text", "data": "the same for everybody"}],
    }
    answers = await asyncio.gather(*(ok(client, "POST", OBJECTS, body) for _ in range(12)))
    assert len({each["object_id"] for each in answers}) == 1
