"""Uploading: what is acknowledged is stored, in every form that a blob's data may have."""

import base64
import hashlib
from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, PIXEL, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

BYTES = base64.b64decode(PIXEL)


def with_data(data: Any, **more: Any) -> dict[str, Any]:
    return {"blobs": [{"property": "image_url", "type": "image", "data": data}], **more}


@pytest.mark.parametrize(
    "data",
    [
        {"base64": PIXEL, "mime_type": "image/png", "filename": "pixel.png"},
        {"base64": f"{PIXEL[:40]}\n{PIXEL[40:]}\n"},
        f"data:image/png;base64,{PIXEL}",
        f"DATA:;base64,{PIXEL}",
        {"url": f"data:image/png;base64,{PIXEL}"},
    ],
)
async def test_inline_bytes_are_kept_before_the_answer(client: httpx.AsyncClient, stack: Stack, data: Any) -> None:
    await set_up(client)
    created = await upload(client, with_data(data))
    [blob] = created["blobs"]
    assert blob["details"]["hash"] == f"sha256:{hashlib.sha256(BYTES).hexdigest()}"
    assert (blob["details"]["mime_type"], blob["details"]["size_bytes"]) == ("image/png", len(BYTES))
    key = await stack.gateway.pool.fetchval("SELECT storage_key FROM blobs WHERE blob_id = $1", blob["blob_id"])
    assert await stack.gateway.blobs.get(key) == BYTES


@pytest.mark.parametrize("data", ["https://h/x.jpg", {"url": "https://h/x.jpg"}, "http://h/x.jpg", "s3://b/x.jpg"])
async def test_urls_are_left_to_the_worker(client: httpx.AsyncClient, data: Any) -> None:
    await set_up(client)
    created = await upload(client, with_data(data))
    assert created["blobs"][0]["properties"]["url"].endswith("x.jpg")
    assert created["blobs"][0]["details"]["hash"] is None
    assert created["status"] == "PENDING"


async def test_fields_come_at_the_root_in_metadata_and_on_blobs(client: httpx.AsyncClient) -> None:
    await set_up(client)
    body = with_data("https://h/x.jpg", metadata={"a": "metadata", "b": 1, "c": 1}, a="root")
    body["blobs"][0]["metadata"] = {"c": 0, "d": [1]}
    created = await upload(client, body)
    assert created["metadata"] == {"a": "root", "b": 1, "c": 1, "d": [1]}
    assert (created["a"], created["b"], created["c"], created["d"]) == ("root", 1, 1, [1])


async def test_the_same_idempotency_key_gives_the_same_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await upload(client, with_data({"base64": PIXEL}, idempotency_key="once"))
    second = await upload(client, with_data({"base64": PIXEL}, idempotency_key="once"))
    assert second["object_id"] == first["object_id"]
    query = "SELECT count(*) FROM processing WHERE object_id = $1"
    assert await stack.gateway.pool.fetchval(query, first["object_id"]) == 1


@pytest.mark.parametrize(
    ("body", "query", "jobs"),
    [
        (with_data("https://h/x.jpg"), "?auto_process=false", 0),
        ({"product_label": "x"}, "?auto_process=false", 0),
        ({"product_label": "x"}, "", 1),
    ],
)
async def test_a_job_ends_every_object_but_where_none_is_wanted(
    client: httpx.AsyncClient, stack: Stack, body: dict[str, Any], query: str, jobs: int
) -> None:
    await set_up(client)
    created = await ok(client, "POST", f"{OBJECTS}{query}", body)
    found = "SELECT count(*) FROM processing WHERE object_id = $1"
    assert await stack.gateway.pool.fetchval(found, created["object_id"]) == jobs


async def test_an_upload_leaves_an_event(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client)
    events = await stack.gateway.pool.fetch("SELECT event_type FROM events WHERE subject_id = $1", created["object_id"])
    assert [row["event_type"] for row in events] == ["object.created"]


async def test_a_blob_may_have_another_type_than_the_schema_says_or_none(client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client, {"blobs": [{"property": "image_url", "data": "https://h/x.jpg"}]})
    assert created["blobs"][0]["type"] == "text"


async def test_a_batch_keeps_what_is_good_and_says_what_is_not(client: httpx.AsyncClient) -> None:
    await set_up(client)
    objects = [
        with_data("https://h/x.jpg", idempotency_key="k"),
        with_data("file:///etc/passwd"),
        {"blobs": "wrong"},
        with_data("https://h/x.jpg", idempotency_key="k"),
    ]
    result = await ok(client, "POST", f"{OBJECTS}/batch", {"objects": objects})
    assert [(item["object_index"], item["replayed"]) for item in result["succeeded"]] == [(0, False), (3, True)]
    assert [item["object_index"] for item in result["failed"]] == [1, 2]
    assert (result["total_requested"], result["succeeded_count"], result["failed_count"]) == (4, 2, 2)


async def test_a_batch_of_more_than_100_is_refused(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await refused(client, 422, "POST", f"{OBJECTS}/batch", {"objects": [{}] * 101})


async def test_objects_are_listed_filtered_and_fetched(client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = [await upload(client, {"colour": colour}) for colour in ("red", "blue", "red")]
    red = '{"must": [{"key": "colour", "match": {"value": "red"}}]}'
    page = await ok(client, "GET", OBJECTS, params={"filters": red})
    assert [item["object_id"] for item in page["results"]] == [created[0]["object_id"], created[2]["object_id"]]
    page = await ok(client, "POST", f"{OBJECTS}/list", {"sort": {"field": "colour", "direction": "asc"}, "limit": 1})
    assert page["results"][0]["colour"] == "blue"
    one = await ok(client, "GET", f"{OBJECTS}/{created[1]['object_id']}")
    assert one == created[1]


async def test_a_deleted_object_takes_its_documents_along(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client)
    document_id = await stack.process(created["object_id"])
    response = await client.delete(f"{OBJECTS}/{created['object_id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert stack.surroundings.index.refreshed == [document_id]
    await refused(client, 404, "GET", f"/v1/documents/{document_id}")


async def test_a_link_to_an_inline_blob_opens_without_a_key(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await upload(client, with_data({"base64": PIXEL, "filename": 'odd "name".png'}))
    await stack.process(created["object_id"])
    page = await ok(client, "POST", "/v1/collections/products_unified/documents/list", {"return_presigned_urls": True})
    [blob] = page["results"][0]["document_blobs"]
    async with stack.bare_client({}) as stranger:
        opened = await stranger.get(blob["presigned_url"])
        forged = await stranger.get(blob["presigned_url"][:-2] + "xx")
        without_key = await stranger.get(blob["url"])
    assert (opened.content, opened.headers["content-type"]) == (BYTES, "image/png")
    assert opened.headers["x-content-type-options"] == "nosniff"
    assert opened.headers["content-disposition"] == "inline; filename*=UTF-8''odd%20%22name%22.png"
    assert forged.status_code == 403
    assert without_key.status_code == 401
    assert (await client.get(blob["url"])).content == BYTES


async def test_what_is_no_picture_is_never_shown_in_the_browser(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    page = "data:text/html,<script>alert(1)</script>"
    created = await upload(client, with_data(page))
    opened = await client.get(f"/v1/blobs/{created['blobs'][0]['blob_id']}")
    assert opened.headers["content-disposition"].startswith("attachment")
    assert "sandbox" in opened.headers["content-security-policy"]


async def test_a_blob_is_given_a_new_link_by_patch(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await ok(client, "POST", OBJECTS, with_data("https://h/expired.jpg"))
    path = f"{OBJECTS}/{created['object_id']}"
    body = {"blobs": [{"property": "image_url", "type": "image", "data": "https://h/new.jpg"}]}
    patched = await ok(client, "PATCH", path, body)
    assert [blob["properties"]["url"] for blob in patched["blobs"]] == ["https://h/new.jpg"]
    error = await refused(client, 422, "PATCH", path, {"blobs": [{"property": "image_url"}]})
    assert error["details"]["path"] == "body.blobs.0.data"
