"""Uploads by presigned URL: create, PUT, confirm; every step may be repeated, and nothing unfit gets through."""

import base64
import hashlib
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from services.common.settings import Settings
from tests.contract.batches.test_batches import end
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, PIXEL, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

UPLOADS = OBJECTS.removesuffix("/objects") + "/uploads"
BYTES = base64.b64decode(PIXEL)
SHA256, MD5 = hashlib.sha256(BYTES).hexdigest(), hashlib.md5(BYTES).hexdigest()
FILE: dict[str, Any] = {"filename": "pixel.png", "content_type": "image/png", "blob_property": "image_url"}

PICTURE = {"property": "image_url", "type": "image", "data": {"base64": PIXEL}}


async def create(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    created: dict[str, Any] = await ok(client, "POST", UPLOADS, FILE | more)
    return created


async def put(stack: Stack, url: str, content: bytes = BYTES, kind: str = "image/png") -> httpx.Response:
    async with stack.bare_client({}) as stranger:
        return await stranger.put(url, content=content, headers={"Content-Type": kind})


async def confirm(client: httpx.AsyncClient, upload_id: str, **body: Any) -> dict[str, Any]:
    confirmed: dict[str, Any] = await ok(client, "POST", f"{UPLOADS}/{upload_id}/confirm", body or None)
    return confirmed


async def uploaded(client: httpx.AsyncClient, stack: Stack, content: bytes = BYTES, **more: Any) -> dict[str, Any]:
    """An upload whose bytes have arrived."""
    created = await create(client, **more)
    assert (await put(stack, created["presigned_url"], content)).status_code == 200
    return created


async def test_a_file_becomes_an_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await create(client, object_metadata={"product_label": "dot"}, metadata={"campaign": "x"})
    assert (created["status"], created["blob_type"], created["is_duplicate"]) == ("PENDING", "image", False)
    taken = await put(stack, created["presigned_url"])
    assert (taken.status_code, taken.headers["etag"]) == (200, f'"{MD5}"')
    confirmed = await confirm(client, created["upload_id"], etag=taken.headers["etag"], file_size_bytes=len(BYTES))
    assert (confirmed["status"], confirmed["file_hash"]) == ("COMPLETED", SHA256)
    found = await ok(client, "GET", f"{OBJECTS}/{confirmed['object_id']}")
    assert found["product_label"] == "dot"
    [blob] = found["blobs"]
    assert (blob["property"], blob["type"], blob["details"]["mime_type"]) == ("image_url", "image", "image/png")
    assert (await client.get(f"/v1/blobs/{blob['blob_id']}")).content == BYTES
    jobs = "SELECT count(*) FROM processing WHERE object_id = $1"
    assert await stack.gateway.pool.fetchval(jobs, confirmed["object_id"]) == 1
    assert created["upload_id"] not in await stack.gateway.staging.waiting()


async def test_confirming_twice_makes_one_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await uploaded(client, stack)
    first = await confirm(client, created["upload_id"])
    assert await confirm(client, created["upload_id"]) == first
    assert len((await ok(client, "GET", OBJECTS))["results"]) == 1


@pytest.mark.parametrize(
    ("body", "path"), [({"etag": "0" * 32}, "body.etag"), ({"file_size_bytes": 1}, "body.file_size_bytes")]
)
async def test_what_arrived_otherwise_than_announced_is_refused_and_can_be_sent_again(
    client: httpx.AsyncClient, stack: Stack, body: dict[str, Any], path: str
) -> None:
    await set_up(client)
    created = await uploaded(client, stack, b"other bytes")
    error = await refused(client, 422, "POST", f"{UPLOADS}/{created['upload_id']}/confirm", body)
    assert error["details"]["path"] == path
    await put(stack, created["presigned_url"])
    assert (await confirm(client, created["upload_id"], etag=MD5))["file_hash"] == SHA256


@pytest.mark.parametrize("promise", [{"file_hash": "0" * 64}, {"file_size_bytes": 3}])
async def test_promises_are_kept(client: httpx.AsyncClient, stack: Stack, promise: dict[str, Any]) -> None:
    await set_up(client)
    created = await uploaded(client, stack, **promise)
    await refused(client, 422, "POST", f"{UPLOADS}/{created['upload_id']}/confirm")


async def test_nothing_to_confirm_is_said(client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await create(client)
    error = await refused(client, 400, "POST", f"{UPLOADS}/{created['upload_id']}/confirm")
    assert error["code"] == "UPLOAD_MISSING"


async def test_a_link_takes_only_what_it_was_made_for(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    url = (await create(client))["presigned_url"]
    assert (await put(stack, url, kind="text/html")).status_code == 422
    assert (await put(stack, url[:-3] + "xyz")).status_code == 403
    limit = stack.gateway.settings.max_blob_bytes
    over = stack.with_settings(max_blob_bytes=10)
    refusal = await put(over, url)
    assert refusal.status_code == 413
    assert "LIKENESS_MAX_BLOB_BYTES" in refusal.json()["error"]["message"]
    assert limit > stack.gateway.settings.max_body_bytes
    assert (await put(stack, url, bytes(stack.gateway.settings.max_body_bytes + 1))).status_code == 200


async def test_a_link_expires(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await create(client)
    token = stack.gateway.signer.sign(f"put:{created['upload_id']}", -1)
    path = urlsplit(created["presigned_url"]).path.rsplit("/", 1)[0]
    assert (await put(stack, f"{path}/{token}")).status_code == 403


async def test_a_link_to_read_is_none_to_write(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await create(client)
    token = stack.gateway.signer.sign(created["upload_id"], 60)
    path = urlsplit(created["presigned_url"]).path.rsplit("/", 1)[0]
    assert (await put(stack, f"{path}/{token}")).status_code == 403


async def test_the_same_content_is_not_asked_for_again(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await confirm(client, (await uploaded(client, stack))["upload_id"])
    again = await create(client, file_hash=SHA256)
    assert (again["is_duplicate"], again["presigned_url"]) == (True, None)
    assert (again["duplicate_of_upload_id"], again["object_id"]) == (first["upload_id"], first["object_id"])
    wanted = await create(client, file_hash=SHA256, skip_duplicates=False)
    assert wanted["presigned_url"]


async def test_a_duplicate_found_late_gets_the_first_ones_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first, second, third = [
        await confirm(client, (await uploaded(client, stack, skip_duplicates=skip))["upload_id"])
        for skip in (True, True, False)
    ]
    assert first["object_id"] == second["object_id"] != third["object_id"]


async def test_what_was_deleted_can_be_uploaded_again(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await confirm(client, (await uploaded(client, stack))["upload_id"])
    assert (await client.delete(f"{OBJECTS}/{first['object_id']}")).status_code == 204
    wanted = await uploaded(client, stack, file_hash=SHA256)
    assert (wanted["is_duplicate"], wanted["object_id"], wanted["status"]) == (False, None, "PENDING")
    second = await confirm(client, wanted["upload_id"])
    found = await ok(client, "GET", f"{OBJECTS}/{second['object_id']}")
    assert (await client.get(f"/v1/blobs/{found['blobs'][0]['blob_id']}")).content == BYTES
    again = await create(client, file_hash=SHA256)
    assert (again["is_duplicate"], again["object_id"]) == (True, second["object_id"])
    assert again["duplicate_of_upload_id"] == second["upload_id"]
    told = await confirm(client, first["upload_id"])
    assert (told["object_id"], "deleted" in told["message"]) == (first["object_id"], True)


async def test_what_a_person_took_all_documents_of_can_be_uploaded_again(
    client: httpx.AsyncClient, stack: Stack
) -> None:
    await set_up(client)
    first = (await confirm(client, (await uploaded(client, stack))["upload_id"]))["object_id"]
    document = await stack.process(first)
    await end(stack, first, "COMPLETED")
    assert (await create(client, file_hash=SHA256))["object_id"] == first
    assert (await client.delete(f"{DOCUMENTS}/{document}")).status_code == 200
    assert (await create(client, file_hash=SHA256))["status"] == "PENDING"
    made = await upload(client, {"blobs": [PICTURE], "skip_duplicates": True})
    assert made["object_id"] != first
    note = "UPDATE processing SET note = 'NOTHING_FOUND: nobody there' WHERE object_id = $1"
    await stack.gateway.pool.execute(note, first)
    assert (await create(client, file_hash=SHA256))["object_id"] == first, "there is nothing to find in it"


async def test_what_was_deleted_before_the_confirmation_is_made_anew(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    waiting = await uploaded(client, stack)
    first = await confirm(client, (await uploaded(client, stack))["upload_id"])
    assert (await client.delete(f"{OBJECTS}/{first['object_id']}")).status_code == 204
    second = await confirm(client, waiting["upload_id"])
    assert second["object_id"] != first["object_id"]
    assert (await ok(client, "GET", f"{OBJECTS}/{second['object_id']}"))["status"] == "PENDING"


@pytest.mark.parametrize(
    "away",
    [
        "UPDATE objects SET status = 'FAILED' WHERE object_id = $1",
        "UPDATE blobs SET sha256 = repeat('0', 64) WHERE object_id = $1",
    ],
)
async def test_what_failed_or_holds_something_else_by_now_is_no_duplicate(
    client: httpx.AsyncClient, stack: Stack, away: str
) -> None:
    await set_up(client)
    first = await confirm(client, (await uploaded(client, stack))["upload_id"])
    await stack.gateway.pool.execute(away, first["object_id"])
    wanted = await uploaded(client, stack, file_hash=SHA256)
    second = await confirm(client, wanted["upload_id"])
    assert (wanted["is_duplicate"], second["object_id"] != first["object_id"]) == (False, True)


async def test_another_unique_key_makes_another_object(client: httpx.AsyncClient, stack: Stack) -> None:
    key = {"fields": ["sku"], "default_policy": "upsert"}
    body = {"bucket_name": "products_unified", "bucket_schema": {"properties": {}}, "unique_key": key}
    await ok(client, "POST", "/v1/buckets", body)
    made = {}
    for sku in ("a", "b"):
        upload = await uploaded(client, stack, blob_property="image_url", object_metadata={"sku": sku})
        made[sku] = (await confirm(client, upload["upload_id"]))["object_id"]
    assert made["a"] != made["b"]
    again = await create(client, file_hash=SHA256, object_metadata={"sku": "b"})
    assert (again["is_duplicate"], again["object_id"]) == (True, made["b"])


async def test_an_upload_without_an_object_is_none_that_has_one(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await confirm(client, (await uploaded(client, stack, create_object_on_confirm=False))["upload_id"])
    bare = await create(client, file_hash=SHA256, create_object_on_confirm=False)
    assert (bare["is_duplicate"], bare["duplicate_of_upload_id"]) == (True, first["upload_id"])
    wanted = await uploaded(client, stack, file_hash=SHA256)
    assert wanted["is_duplicate"] is False
    assert (await confirm(client, wanted["upload_id"]))["object_id"] is not None


async def test_the_twin_of_another_bucket_is_none(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    await confirm(client, (await uploaded(client, stack))["upload_id"])
    await ok(client, "POST", "/v1/buckets", {"bucket_name": "elsewhere", "bucket_schema": {"properties": {}}})
    body = {"filename": "dot.png", "content_type": "image/png", "file_hash": SHA256}
    assert (await ok(client, "POST", "/v1/buckets/elsewhere/uploads", body))["is_duplicate"] is False


async def test_an_upload_can_be_a_blob_of_an_object(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await uploaded(client, stack, create_object_on_confirm=False)
    blobs = [{"property": "image_url", "type": "image", "upload_id": created["upload_id"]}]
    error = await refused(client, 422, "POST", OBJECTS, {"blobs": blobs})
    assert error["details"]["path"] == "body.blobs.0.upload_id"
    assert (await confirm(client, created["upload_id"]))["object_id"] is None
    made = await upload(client, {"blobs": blobs})
    assert made["blobs"][0]["details"]["hash"] == f"sha256:{SHA256}"
    unknown = [{"property": "image_url", "type": "image", "upload_id": "upl_unknown"}]
    assert (await refused(client, 422, "POST", OBJECTS, {"blobs": unknown}))["details"]["path"].endswith("upload_id")


async def test_a_confirmed_upload_can_be_submitted_at_once(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await uploaded(client, stack)
    confirmed = await confirm(client, created["upload_id"], auto_submit_batch=True)
    batch = await ok(client, "GET", f"{UPLOADS.removesuffix('uploads')}batches/{confirmed['batch_id']}")
    assert (batch["object_ids"], batch["task_id"]) == ([confirmed["object_id"]], confirmed["task_id"])


async def test_several_are_created_and_confirmed_with_a_call_each(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    body = {"uploads": [FILE, FILE | {"object_metadata": {"n": 2}}], "shared_object_metadata": {"n": 1}}
    made = (await ok(client, "POST", f"{UPLOADS}/batch", body))["uploads"]
    for number, each in enumerate(made):
        await put(stack, each["presigned_url"], BYTES + bytes([number]))
    ids = [each["upload_id"] for each in made]
    wanted = [{"upload_id": upload_id} for upload_id in [*ids, "upl_unknown"]]
    answer = await ok(client, "POST", f"{UPLOADS}/confirm/batch", {"confirmations": wanted})
    assert (answer["status"], answer["confirmations_count"]) == ("COMPLETED_WITH_ERRORS", 3)
    task = await ok(client, "GET", f"/v1/tasks/{answer['task_id']}")
    results = task["outputs"][0]["results"]
    assert [each.get("status") for each in results] == ["COMPLETED", "COMPLETED", None]
    labels = [(await ok(client, "GET", f"{OBJECTS}/{each['object_id']}"))["n"] for each in results[:2]]
    assert labels == [1, 2]


async def test_a_canceled_upload_is_over(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    created = await uploaded(client, stack)
    response = await client.delete(f"{UPLOADS}/{created['upload_id']}")
    assert (response.status_code, response.content) == (204, b"")
    await refused(client, 400, "POST", f"{UPLOADS}/{created['upload_id']}/confirm")
    assert (await put(stack, created["presigned_url"])).status_code == 400
    assert created["upload_id"] not in await stack.gateway.staging.waiting()


async def test_uploads_are_listed_with_what_they_come_to(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    first = await uploaded(client, stack, metadata={"campaign": "summer"})
    await confirm(client, first["upload_id"])
    await create(client, filename="later.png")
    everything = await ok(client, "POST", f"{UPLOADS}/list")
    assert everything["stats"]["uploads_by_status"] == {"COMPLETED": 1, "PENDING": 1}
    chosen = {"filters": {"AND": [{"field": "campaign", "operator": "eq", "value": "summer"}]}}
    found = await ok(client, "POST", f"{UPLOADS}/list", chosen)
    assert [each["upload_id"] for each in found["results"]] == [first["upload_id"]]
    assert [each["filename"] for each in (await ok(client, "GET", f"{UPLOADS}?search=LATER"))["results"]] == [
        "later.png"
    ]
    one = await ok(client, "GET", f"{UPLOADS}/{first['upload_id']}")
    assert (one["status"], one["file_size_bytes"]) == ("COMPLETED", len(BYTES))


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"filename": "../evil"}, "body.filename"),
        ({"filename": ""}, "body.filename"),
        ({"content_type": "picture"}, "body.content_type"),
        ({"presigned_url_expiration": 1}, "body.presigned_url_expiration"),
        ({"file_hash": "XYZ"}, "body.file_hash"),
        ({"blob_type": "hologram"}, "body.blob_type"),
        ({"blob_property": None, "filename": "with-hyphen.png"}, "body.blob_property"),
    ],
)
async def test_what_cannot_work_is_refused_before_anything_is_sent(
    client: httpx.AsyncClient, change: dict[str, Any], path: str
) -> None:
    await set_up(client)
    error = await refused(client, 422, "POST", UPLOADS, FILE | change)
    assert error["details"]["path"] == path


async def test_more_than_the_server_takes_is_413(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await refused(client, 413, "POST", UPLOADS, FILE | {"file_size_bytes": Settings().max_blob_bytes + 1})
