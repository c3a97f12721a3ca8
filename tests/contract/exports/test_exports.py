"""Exports of collections over REST, in every format, as the client reads the answers."""

import asyncio
import csv
import errno
import io
import tarfile
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import httpx
import obstore
import orjson
import pyarrow.parquet as pq
import pytest
import pytest_asyncio

from services.common.blobs import open_blob_store
from services.common.blobs.exports import ExportFiles
from services.common.blobs.s3 import open_s3
from services.common.database.exports import EXPORT
from services.common.database.tasks.create_task import TaskJob
from services.gateway.exports import routes
from services.worker.exports.expired_exports import ExportSweeper
from services.worker.exports.exporter import FOLDER, Exporter
from services.worker.exports.rows_on_disk import Spool
from services.worker.tasks.runner import TaskRunner
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import PIXEL, ok, refused, set_up, upload
from tests.support.seaweed import Seaweed

pytestmark = pytest.mark.asyncio(loop_scope="session")
EXPORTS = "/v1/collections/products_unified/exports"
LABEL = "product_label"
LABELS = {
    LABEL: {
        "source": "auto",
        "value": "Sandals",
        "score": 0.75,
        "model": "efficientnet_lite2",
        "taxonomy_id": "tax_1",
        "taxonomy_version": 2,
        "evidence": [{"document_id": "doc_example", "label": "Sandals"}],
    }
}


@pytest_asyncio.fixture(loop_scope="session")
async def documents(stack: Stack, client: httpx.AsyncClient) -> list[str]:
    """Three documents: two that a machine labelled, one without a label; a name like a formula."""
    await set_up(client)
    found = []
    for number, labels in enumerate((LABELS, LABELS, {})):
        blobs = [{"property": "image_url", "type": "image", "data": f"data:image/png;base64,{PIXEL}"}]
        created = await upload(client, {"blobs": blobs})
        fields = {
            LABEL: "Sandals" if labels else None,
            "name": f"={number}",
            "number": number,
            "size": {"eu": 40 + number},
        }
        found.append(await stack.process(created["object_id"], labels=labels, fields=fields))
    return found


async def run(stack: Stack, task_id: str) -> None:
    """Runs the task of an export, as a worker does."""
    gateway = stack.gateway
    exporter = Exporter(gateway.settings, open_blob_store(gateway.settings))
    await TaskRunner(gateway.pool, {EXPORT: exporter.run}, 3, 0.1).run(TaskJob(task_id=task_id))


async def exported(stack: Stack, client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    """The answer to an export that a worker has done."""
    started = await ok(client, "POST", EXPORTS, body)
    await run(stack, started["task_id"])
    answer: dict[str, Any] = await ok(client, "GET", f"/v1{started['result']}")
    return answer


async def content(stack: Stack, url: str) -> bytes:
    """What a link opens, without a key."""
    async with stack.bare_client({}) as stranger:
        response = await stranger.get(urlsplit(url).path)
    assert response.status_code == 200, response.text
    return response.content


async def lines(stack: Stack, answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (await content(stack, answer["download_url"])).splitlines()]


async def test_json_lines_tell_who_set_the_label(stack: Stack, client: httpx.AsyncClient, documents: list[str]) -> None:
    answer = await exported(stack, client, {"format": "json", "include_lineage": True})
    rows = await lines(stack, answer)
    assert (answer["format"], answer["document_count"]) == ("json", 3)
    assert answer["file_size_bytes"] == len(await content(stack, answer["download_url"]))
    assert [row["document_id"] for row in rows] == documents
    label = rows[0]["_internal"]["labels"][LABEL]
    assert (label["source"], label["score"], label["example"]) == ("auto", 0.75, "doc_example")
    assert (label["model"], label["taxonomy_version"]) == ("efficientnet_lite2", 2)
    assert rows[0]["lineage_chain"][0]["type"] == "bucket"
    assert rows[0]["source_content_hash"].startswith("sha256:")
    assert rows[0]["document_blobs"][0]["content_type"] == "image/png"


async def test_csv_has_a_column_for_each_thing_that_a_label_tells(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    answer = await exported(stack, client, {"format": "CSV"})
    rows = list(csv.DictReader(io.StringIO((await content(stack, answer["download_url"])).decode())))
    assert [row[f"_internal.labels.{LABEL}.source"] for row in rows] == ["auto", "auto", ""]
    assert [row["name"] for row in rows] == ["'=0", "'=1", "'=2"]
    assert rows[1]["size"] == '{"eu":41}'


async def test_parquet_has_types_and_vectors_apart(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    answer = await exported(stack, client, {"include_vectors": True})
    table = pq.read_table(io.BytesIO(await content(stack, answer["download_url"])))
    assert table.column("number").to_pylist() == [0, 1, 2]
    assert table.column(f"_internal.labels.{LABEL}.score").to_pylist() == [0.75, 0.75, None]
    vectors = pq.read_table(io.BytesIO(await content(stack, answer["vectors_download_url"])))
    assert vectors.column("document_id").to_pylist() == documents
    assert vectors.column("vector").to_pylist()[0] == [1, 0, 0, 0]
    assert answer["vectors_s3_path"].endswith("products_unified_vectors.parquet")


async def test_webdataset_shards_hold_rows_and_media(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    body = {"format": "webdataset", "include_media": True, "samples_per_shard": 2}
    answer = await exported(stack, client, body)
    assert (answer["shard_count"], answer["shard_pattern"]) == (2, "documents-{000000..000001}.tar")
    assert [shard["sample_count"] for shard in answer["shards"]] == [2, 1]
    assert (answer["media"]["samples_with_media"], answer["media"]["members_written"]) == (3, 3)
    with tarfile.open(fileobj=io.BytesIO(await content(stack, answer["shards"][0]["download_url"]))) as tar:
        assert tar.getnames() == [f"{each}.{end}" for each in documents[:2] for end in ("json", "png")]
        png = tar.extractfile(f"{documents[0]}.png")
        assert png is not None and png.read().startswith(b"\x89PNG")


async def test_fields_filters_and_samples_are_chosen(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    filters = {"AND": [{"field": "number", "operator": "gte", "value": 1}]}
    body = {"format": "json", "filters": filters, "select_fields": ["size.eu", "nothing"], "sample_size": 1}
    rows = await lines(stack, await exported(stack, client, body))
    collection_id = rows[0].pop("collection_id")
    assert collection_id.startswith("col_")
    assert rows == [{"document_id": documents[1], "size.eu": 41}]


async def test_an_empty_selection_gives_an_empty_file(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    filters = {"AND": [{"field": "number", "operator": "gt", "value": 7}]}
    for format in ("json", "csv", "parquet", "webdataset"):
        answer = await exported(stack, client, {"format": format, "filters": filters, "include_vectors": True})
        assert answer["document_count"] == 0, format
        assert await content(stack, answer["download_url"]) is not None


async def test_what_is_asked_for_twice_is_made_once(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    first = await ok(client, "POST", EXPORTS, {"format": "json"})
    assert await ok(client, "POST", EXPORTS, {"format": "json"}) == first
    other = await ok(client, "POST", EXPORTS, {"format": "csv"})
    assert other["task_id"] != first["task_id"]
    await run(stack, first["task_id"])
    again = await ok(client, "POST", EXPORTS, {"format": "json"})
    assert again["task_id"] != first["task_id"]


async def test_an_export_that_is_not_done_says_so(client: httpx.AsyncClient, documents: list[str]) -> None:
    started = await ok(client, "POST", EXPORTS, {})
    error = await refused(client, 422, "GET", f"/v1{started['result']}")
    assert (error["code"], error["details"]["task_id"]) == ("EXPORT_PENDING", started["task_id"])
    task = await ok(client, "GET", f"/v1/tasks/{started['task_id']}")
    assert task["task_type"] == "api_collections_export"
    await ok(client, "DELETE", f"/v1/tasks/{started['task_id']}")
    stopped = await refused(client, 422, "GET", f"/v1{started['result']}")
    assert "it was stopped" in stopped["message"]


async def test_an_export_is_its_namespaces_alone(stack: Stack, client: httpx.AsyncClient, documents: list[str]) -> None:
    answer = await exported(stack, client, {"format": "json"})
    task_id = answer["s3_path"].split("/")[1]
    await refused(client, 404, "GET", f"{EXPORTS}/task_none")
    other = await ok(client, "POST", "/v1/namespaces", {"namespace_name": f"other_{task_id}"})
    async with stack.client(other["namespace_id"]) as stranger:
        await set_up(stranger)
        await refused(stranger, 404, "GET", f"{EXPORTS}/{task_id}")
    await refused(client, 403, "GET", f"/v1/exports/content/{stack.gateway.signer.sign('blb_1', 60)}")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"format": "xml"}, "body.format"),
        ({"include_media": True}, "body.include_media"),
        ({"sample_size": 0}, "body.sample_size"),
        ({"filters": {"field": "a", "operator": "none of ours"}}, "body.filters"),
        ({"destination": {"connection_id": "mine"}}, "body.destination.connection_id"),
    ],
)
async def test_what_cannot_be_exported_is_said_at_once(
    client: httpx.AsyncClient, documents: list[str], body: dict[str, Any], path: str
) -> None:
    error = await refused(client, 422, "POST", EXPORTS, body)
    assert path in str(error)


def on_s3(stack: Stack, seaweed: Seaweed, **more: Any) -> Stack:
    """The same stack, whose exports go to S3 as `more` says."""
    keys = {"s3_endpoint": seaweed.endpoint, "s3_access_key_id": seaweed.access_key_id}
    return stack.with_settings(**keys, s3_secret_access_key=seaweed.secret_access_key, **more)


async def test_a_destination_gets_the_files_and_a_manifest_of_them(
    stack: Stack, seaweed: Seaweed, client: httpx.AsyncClient, documents: list[str]
) -> None:
    place = f"s3://{seaweed.bucket}/{stack.namespace_id}"
    allowed = on_s3(stack, seaweed, export_destinations=f"releases={place}")
    body = {"format": "json", "include_vectors": True, "destination": {"connection_id": "releases", "prefix": "v1"}}
    async with allowed.client() as theirs:
        answer = await exported(allowed, theirs, body)
    written = answer["destination"]
    root = f"{stack.namespace_id}/v1"
    names = ["products_unified.jsonl", "products_unified_vectors.jsonl", "manifest.json"]
    assert written["files"] == [f"{root}/{name}" for name in names]
    store = open_s3(allowed.gateway.settings, seaweed.bucket)
    kept = {name: bytes(obstore.get(store, f"{root}/{name}").bytes()) for name in names}
    manifest = orjson.loads(kept["manifest.json"])
    assert manifest["document_count"] == 3
    assert [each["sha256"] for each in manifest["files"]] == [sha256(kept[name]).hexdigest() for name in names[:2]]
    assert kept[names[0]] == await content(stack, answer["download_url"])
    assert written["bytes_written"] == sum(map(len, kept.values()))


@pytest.mark.parametrize("prefix", ["/rooted", "a/../b", "a//b", "new\nline"])
async def test_a_destination_is_left_by_no_prefix(
    stack: Stack, seaweed: Seaweed, client: httpx.AsyncClient, documents: list[str], prefix: str
) -> None:
    allowed = on_s3(stack, seaweed, export_destinations=f"releases=s3://{seaweed.bucket}/x")
    async with allowed.client() as theirs:
        body = {"destination": {"connection_id": "releases", "prefix": prefix}}
        error = await refused(theirs, 422, "POST", EXPORTS, body)
    assert error["details"]["path"] == "body.destination.prefix"


async def test_links_are_those_of_s3_where_that_keeps_the_files(
    stack: Stack, seaweed: Seaweed, client: httpx.AsyncClient, documents: list[str]
) -> None:
    there = on_s3(stack, seaweed, blob_store=f"s3://{seaweed.bucket}/{stack.namespace_id}_blobs")
    async with there.client() as theirs:
        answer = await exported(there, theirs, {"format": "json"})
    assert answer["s3_path"].startswith(f"s3://{seaweed.bucket}/{stack.namespace_id}_blobs/exports/")
    assert answer["download_url"].startswith(seaweed.endpoint)
    async with httpx.AsyncClient(trust_env=False) as stranger:
        assert len((await stranger.get(answer["download_url"])).content) == answer["file_size_bytes"]
    files = ExportFiles(there.gateway.settings)
    (export_id,) = await files.ids()
    await files.drop(export_id)
    assert await files.ids() == []


async def test_files_go_with_their_time_and_with_their_collection(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    gateway = stack.gateway
    left = gateway.settings.data_dir / FOLDER / "task_of_a_killed_worker"
    left.mkdir(parents=True)
    kept, old = [await exported(stack, client, {"format": each}) for each in ("json", "csv")]
    old_id = old["s3_path"].split("/")[1]
    await gateway.pool.execute("UPDATE tasks SET updated_at = now() - interval '8 days' WHERE task_id = $1", old_id)
    await ExportSweeper(gateway.settings, gateway.pool).sweep()
    assert not left.exists()
    assert (await refused(client, 404, "GET", f"{EXPORTS}/{old_id}"))["code"] == "EXPORT_GONE"
    assert len(await content(stack, kept["download_url"])) == kept["file_size_bytes"]
    await ok(client, "DELETE", "/v1/collections/products_unified")
    await ExportSweeper(gateway.settings, gateway.pool).sweep()
    await refused(client, 404, "GET", urlsplit(kept["download_url"]).path)


async def test_a_part_of_a_file_can_be_fetched(stack: Stack, client: httpx.AsyncClient, documents: list[str]) -> None:
    answer = await exported(stack, client, {"format": "json"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=stack.app), base_url="http://gateway") as stranger:
        response = await stranger.get(urlsplit(answer["download_url"]).path, headers={"Range": "bytes=5-9"})
    assert (response.status_code, response.content) == (206, (await content(stack, answer["download_url"]))[5:10])


async def test_asking_as_the_contract_does_waits_for_the_files(
    stack: Stack, client: httpx.AsyncClient, documents: list[str]
) -> None:
    asking = asyncio.create_task(ok(client, "POST", "/v1/collections/products_unified/export", {"format": "json"}))
    query = "SELECT task_id FROM tasks WHERE kind = $1 AND namespace_id = $2 AND status = 'PENDING'"
    while (task_id := await stack.gateway.pool.fetchval(query, EXPORT, stack.namespace_id)) is None:
        await asyncio.sleep(0.01)
    await run(stack, task_id)
    answer = await asking
    assert (answer["document_count"], len(await lines(stack, answer))) == (3, 3)


async def test_one_that_takes_too_long_is_gone_on_with(
    stack: Stack, client: httpx.AsyncClient, documents: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "WAIT_SECONDS", 0.0)
    path = "/v1/collections/products_unified/export"
    first = await refused(client, 504, "POST", path, {"format": "json"})
    assert first["code"] == "EXPORT_GOES_ON"
    again = await refused(client, 504, "POST", path, {"format": "json"})
    assert again["details"]["task_id"] == first["details"]["task_id"]
    assert (await ok(client, "GET", f"/v1/tasks/{first['details']['task_id']}"))["status"] == "PENDING"


async def test_a_destination_that_cannot_be_written_ends_the_export_with_the_reason(
    stack: Stack, seaweed: Seaweed, client: httpx.AsyncClient, documents: list[str]
) -> None:
    allowed = on_s3(stack, seaweed, export_destinations=f"gone=s3://{seaweed.bucket}/x")
    allowed = allowed.with_settings(s3_secret_access_key="another")
    async with allowed.client() as theirs:
        started = await ok(theirs, "POST", EXPORTS, {"format": "json", "destination": {"connection_id": "gone"}})
        await run(allowed, started["task_id"])
        error = await refused(theirs, 422, "GET", f"/v1{started['result']}")
    assert "The destination 'gone' cannot be written" in error["message"]


async def test_a_full_disk_ends_the_export_with_the_reason(
    stack: Stack, client: httpx.AsyncClient, documents: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(spool: Spool, row: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    started = await ok(client, "POST", EXPORTS, {"format": "json"})
    monkeypatch.setattr(Spool, "add", full)
    await run(stack, started["task_id"])
    error = await refused(client, 422, "GET", f"/v1{started['result']}")
    assert "make room on it" in error["message"]
    assert not (stack.gateway.settings.data_dir / FOLDER / started["task_id"]).exists()
