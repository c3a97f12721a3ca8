"""The forms of a blob's data, and what each becomes; the wrong ones are refused with their place."""

import base64
import hashlib
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import PIXEL, ok, refused

pytestmark = pytest.mark.asyncio(loop_scope="session")

OBJECTS = "/v1/buckets/things/objects"
SCHEMA = {
    "content": {"type": "text"},
    "picture": {"type": "image"},
    "price": {"type": "number"},
    "tags": {"type": "array"},
    "sold": {"type": "boolean"},
}


@pytest_asyncio.fixture(loop_scope="session")
async def bucket(client: httpx.AsyncClient) -> None:
    await ok(client, "POST", "/v1/buckets", {"bucket_name": "things", "bucket_schema": {"properties": SCHEMA}})


def blob(property_: str, data: Any, **more: Any) -> dict[str, Any]:
    return {"blobs": [{"property": property_, "data": data, **more}]}


@pytest.mark.parametrize("data", ["a red shoe", {"text": "a red shoe"}, "data:text/plain,a%20red%20shoe"])
async def test_text_is_kept_like_any_blob(client: httpx.AsyncClient, stack: Stack, bucket: None, data: Any) -> None:
    made = await ok(client, "POST", OBJECTS, blob("content", data, type="text"))
    [kept] = made["blobs"]
    assert kept["details"]["mime_type"] == "text/plain"
    assert kept["details"]["hash"] == "sha256:" + hashlib.sha256(b"a red shoe").hexdigest()
    assert (await client.get(f"/v1/blobs/{kept['blob_id']}")).content == b"a red shoe"


async def test_a_url_is_a_url_whatever_the_type(client: httpx.AsyncClient, bucket: None) -> None:
    for kind in ("text", "image", "string"):
        made = await ok(client, "POST", OBJECTS, blob("content", "https://h/x.jpg", type=kind))
        assert made["blobs"][0]["properties"]["url"] == "https://h/x.jpg"


@pytest.mark.parametrize(("name", "value"), [("price", 3.5), ("tags", ["a", 1]), ("sold", True)])
async def test_a_value_becomes_a_field_where_the_schema_says_so(
    client: httpx.AsyncClient, bucket: None, name: str, value: Any
) -> None:
    made = await ok(client, "POST", OBJECTS, blob(name, value))
    assert (made[name], made["metadata"][name], made["blobs"]) == (value, value, [])


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (blob("picture", 3), "body.blobs.0.data"),
        (blob("picture", ["https://h/x.jpg"]), "body.blobs.0.data"),
        (blob("picture", True), "body.blobs.0.data"),
        (blob("picture", {"text": "a picture"}), "body.blobs.0.data"),
        (blob("picture", "a picture"), "body.blobs.0.data"),
        (blob("picture", {"url": 3}), "body.blobs.0.data"),
        (blob("picture", {"url": "ftp://h/x"}), "body.blobs.0.data.url"),
        (blob("picture", {"base64": "?"}), "body.blobs.0.data.base64"),
        (blob("picture", {}), "body.blobs.0.data"),
        (blob("picture", None), "body.blobs.0.data"),
        ({"blobs": [{"property": "picture"}]}, "body.blobs.0.data"),
        (blob("picture", "https://h/x.jpg", upload_id="upl_1"), "body.blobs.0.data"),
        (blob("content", ""), "body.blobs.0.data"),
        (blob("content", "file:///etc/passwd"), "body.blobs.0.data"),
        (blob("content", base64.b64encode(bytes(range(60))).decode()), "body.blobs.0.data"),
        (blob("price", "three"), "body.blobs.0.data"),
        (blob("price", True), "body.blobs.0.data"),
        (blob("picture", {"base64": PIXEL}, checksum="0" * 64), "body.blobs.0.checksum"),
        (blob("picture", {"base64": PIXEL}, checksum="md5:1"), "body.blobs.0.checksum"),
        ({"auto_process": True}, "body.auto_process"),
        ({"status": "COMPLETED"}, "body.status"),
        ({"idempotency_key": "k" * 256}, "body.idempotency_key"),
    ],
)
async def test_what_is_no_form_is_refused_with_its_place(
    client: httpx.AsyncClient, bucket: None, body: dict[str, Any], path: str
) -> None:
    error = await refused(client, 422, "POST", OBJECTS, body)
    assert error["details"]["path"] == path


async def test_a_field_of_that_name_in_the_schema_is_a_field(client: httpx.AsyncClient) -> None:
    schema = {"properties": {"auto_process": {"type": "boolean"}}}
    await ok(client, "POST", "/v1/buckets", {"bucket_name": "things", "bucket_schema": schema})
    assert (await ok(client, "POST", OBJECTS, {"auto_process": True}))["metadata"] == {"auto_process": True}


async def test_the_first_blob_to_say_something_of_the_object_is_heard(client: httpx.AsyncClient, bucket: None) -> None:
    blobs = [
        {"property": "picture", "data": "https://h/x.jpg", "metadata": {"from": n, f"only_{n}": n}} for n in (1, 2)
    ]
    assert (await ok(client, "POST", OBJECTS, {"blobs": blobs}))["metadata"] == {"from": 1, "only_1": 1, "only_2": 2}


async def test_the_same_content_is_stored_once_when_asked(client: httpx.AsyncClient, bucket: None) -> None:
    picture = blob("picture", {"base64": PIXEL})
    first = await ok(client, "POST", OBJECTS, picture)
    again = await ok(client, "POST", OBJECTS, picture | {"skip_duplicates": True, "price": 2})
    assert again == first
    other = await ok(client, "POST", OBJECTS, picture)
    assert other["object_id"] != first["object_id"]
    text = {"property": "content", "type": "text", "data": "more"}
    more = await ok(client, "POST", OBJECTS, {"blobs": [*picture["blobs"], text], "skip_duplicates": True})
    assert more["object_id"] not in (first["object_id"], other["object_id"])


async def with_texts(client: httpx.AsyncClient, mapped: str = "content") -> None:
    extractor = {
        "feature_extractor_name": "passthrough_extractor",
        "version": "v1",
        "input_mappings": {"text": mapped},
    }
    source = {"type": "bucket", "bucket_ids": ["things"]}
    body = {"collection_name": "texts", "source": source, "feature_extractor": extractor}
    await ok(client, "POST", "/v1/collections", body)


@pytest.mark.parametrize(
    ("mapped", "said"), [("content", {"content": "the same"}), ("info.text", {"info": {"text": "the same", "n": 1}})]
)
async def test_the_same_words_in_fields_are_stored_once_when_asked(
    client: httpx.AsyncClient, bucket: None, mapped: str, said: dict[str, Any]
) -> None:
    await with_texts(client, mapped)
    first = await ok(client, "POST", OBJECTS, {**said, "price": 1})
    again = await ok(client, "POST", OBJECTS, {**said, "price": 2, "skip_duplicates": True})
    assert again == first
    other = await ok(client, "POST", OBJECTS, {"content": "another", "info": {}, "skip_duplicates": True})
    picture = await ok(client, "POST", OBJECTS, blob("picture", {"base64": PIXEL}) | {"skip_duplicates": True, **said})
    asked = await ok(client, "POST", OBJECTS, said)
    ids = [each["object_id"] for each in (first, other, picture, asked)]
    assert len(set(ids)) == 4
    batch = await ok(client, "POST", f"{OBJECTS}/batch", {"objects": [{**said, "skip_duplicates": True}]})
    assert [each["replayed_by"] for each in batch["succeeded"]] == ["skip_duplicates"]


async def test_one_picture_with_other_words_is_another_content(client: httpx.AsyncClient, bucket: None) -> None:
    await with_texts(client)
    picture = blob("picture", {"base64": PIXEL}) | {"skip_duplicates": True}
    first, second, third = [await ok(client, "POST", OBJECTS, {**picture, "content": each}) for each in "aba"]
    assert first["object_id"] == third["object_id"] != second["object_id"]


async def test_without_content_only_the_very_same_fields_are_a_duplicate(
    client: httpx.AsyncClient, bucket: None
) -> None:
    first = await ok(client, "POST", OBJECTS, {"colour": "red", "size": 1})
    ids = []
    for said in ({"colour": "red", "size": 1}, {"colour": "red"}, {"colour": "red", "size": 2}, {}, {}):
        ids.append((await ok(client, "POST", OBJECTS, {**said, "skip_duplicates": True}))["object_id"])
    assert ids[0] == first["object_id"]
    assert len(set(ids)) == 5


async def test_what_failed_or_is_gone_is_no_duplicate(client: httpx.AsyncClient, stack: Stack, bucket: None) -> None:
    pool, body = stack.gateway.pool, blob("picture", {"base64": PIXEL}) | {"skip_duplicates": True}
    first = (await ok(client, "POST", OBJECTS, body))["object_id"]
    await pool.execute("UPDATE objects SET status = 'FAILED' WHERE object_id = $1", first)
    second = (await ok(client, "POST", OBJECTS, body))["object_id"]
    assert second != first
    assert (await ok(client, "POST", OBJECTS, body))["object_id"] == second
    assert (await client.delete(f"{OBJECTS}/{second}")).status_code == 204
    third = (await ok(client, "POST", OBJECTS, body))["object_id"]
    assert third not in (first, second)


async def test_a_key_is_free_again_when_its_object_is_gone(client: httpx.AsyncClient, bucket: None) -> None:
    first = await ok(client, "POST", OBJECTS, {"colour": "red", "idempotency_key": "k"})
    assert (await client.delete(f"{OBJECTS}/{first['object_id']}")).status_code == 204
    again = await ok(client, "POST", OBJECTS, {"colour": "blue", "idempotency_key": "k"})
    assert (again["object_id"] != first["object_id"], again["colour"]) == (True, "blue")


async def test_in_a_batch_each_replay_says_by_what(client: httpx.AsyncClient, bucket: None) -> None:
    picture = blob("picture", {"base64": PIXEL})
    objects = [
        picture | {"idempotency_key": "k"},
        picture | {"idempotency_key": "k"},
        picture | {"skip_duplicates": True},
    ]
    answer = await ok(client, "POST", f"{OBJECTS}/batch", {"objects": objects})
    assert [each["replayed_by"] for each in answer["succeeded"]] == [None, "idempotency_key", "skip_duplicates"]
    assert len({each["object_id"] for each in answer["succeeded"]}) == 1


async def test_an_object_without_blobs_is_processed_where_its_fields_are_read(
    client: httpx.AsyncClient, stack: Stack, bucket: None
) -> None:
    source = {"type": "bucket", "bucket_ids": ["things"]}
    extractor = {"feature_extractor_name": "image_extractor", "version": "v1"}
    for name, mapped in (("reads_content", "content"), ("reads_pictures", "picture")):
        form = extractor | {"input_mappings": {"image": mapped}}
        body = {"collection_name": name, "source": source, "feature_extractor": form}
        await ok(client, "POST", "/v1/collections", body)
    made = await ok(client, "POST", OBJECTS, {"content": "https://h/x.jpg"})
    rows = await stack.gateway.pool.fetch(
        "SELECT collection_name FROM processing JOIN collections USING (collection_id) WHERE object_id = $1",
        made["object_id"],
    )
    assert [row["collection_name"] for row in rows] == ["reads_content"]
    assert made["consistency"]["poll"]["field"] == "document_count"


async def test_only_the_fields_that_are_selected_are_listed(client: httpx.AsyncClient, bucket: None) -> None:
    await ok(client, "POST", OBJECTS, {"colour": "red", "size": {"width": 1}, "status_note": "x"})
    body = {"select": ["metadata.colour", "size.width"]}
    [found] = (await ok(client, "POST", f"{OBJECTS}/list", body))["results"]
    assert found["metadata"] == {"colour": "red", "size": {"width": 1}}
    assert (found["colour"], found["status"], "status_note" in found) == ("red", "PENDING", False)


async def test_objects_are_counted_by_what_they_are(client: httpx.AsyncClient, bucket: None) -> None:
    for colour, price in (("red", 1), ("red", 2), ("blue", 5)):
        await ok(client, "POST", OBJECTS, {"colour": colour, "price": price})
    metrics = [{"function": "count", "alias": "n"}, {"function": "sum", "field": "price", "alias": "sum"}]
    body = {"group_by": [{"field": "colour"}], "aggregations": metrics, "sort_by": "n"}
    answer = await ok(client, "POST", f"{OBJECTS}/aggregate", body)
    assert [each["group"]["colour"] for each in answer["results"]] == ["red", "blue"]
    assert [each["metrics"] for each in answer["results"]] == [{"n": 2, "sum": 3}, {"n": 1, "sum": 5}]
    by_status = {"group_by": [{"field": "status"}], "aggregations": metrics[:1]}
    [group] = (await ok(client, "POST", f"{OBJECTS}/aggregate", by_status))["results"]
    assert group == {"group": {"status": "PENDING"}, "metrics": {"n": 3}}


async def test_an_object_that_nothing_processes_says_so(client: httpx.AsyncClient, bucket: None) -> None:
    made = await ok(client, "POST", OBJECTS, {"colour": "red"})
    path = f"{OBJECTS}/{made['object_id']}"
    assert made["consistency"]["poll"] is None
    [warning] = made["warnings"]
    assert (warning["id"], "No collection" in warning["reason"]) == (made["object_id"], True)
    assert await ok(client, "GET", path) == made
    await with_texts(client)
    [warning] = (await ok(client, "GET", path))["warnings"]
    assert "batch" in warning["next_step"]
    stored = await ok(client, "POST", f"{OBJECTS}?auto_process=false", {"content": "later"})
    assert [each["reason"] for each in stored["warnings"]] == [warning["reason"]]
    waiting = await ok(client, "POST", OBJECTS, {"content": "now"})
    assert "warnings" not in waiting and waiting["consistency"]["poll"]
    listed = (await ok(client, "GET", OBJECTS))["results"]
    assert {each["object_id"] for each in listed if each.get("warnings")} == {made["object_id"], stored["object_id"]}


async def test_a_patch_makes_no_object_and_so_skips_none(client: httpx.AsyncClient, bucket: None) -> None:
    made = await ok(client, "POST", OBJECTS, {"colour": "red"})
    path = f"{OBJECTS}/{made['object_id']}"
    changed = await ok(client, "PATCH", path, {"colour": "blue", "skip_duplicates": False})
    assert changed["metadata"] == {"colour": "blue"}
    error = await refused(client, 422, "PATCH", path, {"colour": "red", "skip_duplicates": True})
    assert error["details"]["path"] == "body.skip_duplicates"
