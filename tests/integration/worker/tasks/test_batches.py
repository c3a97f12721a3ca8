"""Batches: what is submitted is processed, accounted for to the last object, and outlives whoever works on it."""

import asyncio
import hashlib
from pathlib import Path
from typing import Any

import pytest

from services.common.blobs import open_blob_store
from services.common.database.batches.batch_objects import tallies
from services.common.database.batches.lifecycle import (
    NewBatch,
    add_objects,
    back_to_draft,
    cancel_batch,
    create_batch,
    retry_items,
    submit_batch,
)
from services.common.database.batches.tally import Tally
from services.common.database.pool import Pool
from services.common.database.tasks.create_task import NewTask, TaskJob, create_task, request_cancel
from services.gateway.objects.creation.store import NewBlob, NewObject, create_object
from services.gateway.objects.edits import patch_object
from services.worker.tasks.follow_batches import follow_batches, trigger_collection
from services.worker.tasks.runner import TaskRunner
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.fake_services import BAD
from tests.integration.worker.invariants import assert_each_object_has_one_document, assert_nothing_is_left_to_do
from tests.integration.worker.processes import start_worker
from tests.support.web_servers import file_server


async def stored(bench: Bench, *contents: bytes, label: str | None = None) -> list[str]:
    """Objects that nothing processes yet."""
    found = []
    for content in contents:
        key = await open_blob_store(bench.settings).put(NAMESPACE, content)
        blob = NewBlob(property="image_url", type="image", storage_key=key)
        new = NewObject(
            namespace_id=NAMESPACE,
            bucket_id=BUCKET,
            key_prefix=None,
            fields={LABEL: label},
            blobs=[blob],
            process=False,
        )
        found.append((await create_object(bench.pool, new)).object_id)
    return found


async def draft(pool: Pool, object_ids: list[str], strategy: str = "skip") -> str:
    async with pool.acquire() as connection, connection.transaction():
        new = NewBatch(
            namespace_id=NAMESPACE, bucket_id=BUCKET, collection_ids=[], dedup_strategy=strategy, metadata={}
        )
        batch_id = await create_batch(connection, new)
        await add_objects(connection, batch_id, object_ids)
    return batch_id


async def submit(pool: Pool, batch_id: str, collections: tuple[str, ...] = (COLLECTION,)) -> str:
    async with pool.acquire() as connection, connection.transaction():
        return await submit_batch(connection, batch_id, collections)


async def submitted(pool: Pool, object_ids: list[str], strategy: str = "skip") -> str:
    batch_id = await draft(pool, object_ids, strategy)
    await submit(pool, batch_id)
    return batch_id


async def ended(pool: Pool, batch_id: str, seconds: float = 60) -> str:
    """The status of a batch and its task once both have ended."""
    query = "SELECT b.status, t.status AS task FROM batches b JOIN tasks t USING (task_id) WHERE batch_id = $1"
    async with asyncio.timeout(seconds):
        while True:
            row = await pool.fetchrow(query, batch_id)
            assert row is not None
            if row["task"] not in ("PENDING", "IN_PROGRESS"):
                assert row["task"] == row["status"]
                return str(row["status"])
            await asyncio.sleep(0.05)


async def tally(pool: Pool, batch_id: str) -> Tally:
    return (await tallies(pool, [batch_id]))[batch_id]


async def test_a_batch_processes_its_objects_and_no_others(bench: Bench) -> None:
    object_ids = await stored(bench, b"one", b"two", b"three")
    batch_id = await submitted(bench.pool, object_ids[:2])
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await tally(bench.pool, batch_id) == Tally(total=2, completed=2)
    await assert_each_object_has_one_document(bench.pool, object_ids[:2], COLLECTION)
    await assert_nothing_is_left_to_do(bench.pool)
    assert await bench.pool.fetchval("SELECT status FROM objects WHERE object_id = $1", object_ids[2]) == "PENDING"


async def test_one_that_fails_is_told_and_retried_alone(bench: Bench) -> None:
    good, bad = await stored(bench, b"good", BAD)
    batch_id = await submitted(bench.pool, [good, bad])
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "COMPLETED_WITH_ERRORS"
        assert await tally(bench.pool, batch_id) == Tally(total=2, completed=1, failed=1)
        key = await open_blob_store(bench.settings).put(NAMESPACE, b"better")
        await bench.pool.execute("UPDATE blobs SET storage_key = $2 WHERE object_id = $1", bad, key)
        async with bench.pool.acquire() as connection, connection.transaction():
            await retry_items(connection, batch_id, [(bad, COLLECTION)], "all")
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await tally(bench.pool, batch_id) == Tally(total=2, completed=2)
    assert bench.extractor.inputs == 3


async def test_where_all_fail_batch_and_task_are_failed(bench: Bench) -> None:
    batch_id = await submitted(bench.pool, await stored(bench, BAD))
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "FAILED"


async def test_what_is_done_is_skipped_and_replaced_only_when_asked(bench: Bench) -> None:
    done, new = await stored(bench, b"done", b"new", label="a person's")
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, await submitted(bench.pool, [done])) == "COMPLETED"
        skipping = await submitted(bench.pool, [done, new])
        assert await ended(bench.pool, skipping) == "COMPLETED"
        assert await tally(bench.pool, skipping) == Tally(total=2, completed=1, skipped=1)
        replacing = await submitted(bench.pool, [done, new], "replace")
        assert await ended(bench.pool, replacing) == "COMPLETED"
    assert bench.extractor.inputs == 4
    await assert_each_object_has_one_document(bench.pool, [done, new], COLLECTION)
    assert (await bench.document(done))["fields"][LABEL] == "a person's"


async def test_re_extraction_keeps_every_persons_label(bench: Bench) -> None:
    object_ids = await stored(bench, *(b"%d" % number for number in range(8)))
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, await submitted(bench.pool, object_ids)) == "COMPLETED"
        for object_id in object_ids[:4]:
            await patch_object(bench.pool, BUCKET, object_id, {LABEL: "a person's"}, None)
        assert await ended(bench.pool, await submitted(bench.pool, object_ids, "replace")) == "COMPLETED"
    rows = await bench.pool.fetch("SELECT object_id, fields, labels FROM documents")
    found = {row["object_id"]: (row["fields"][LABEL], row["labels"][LABEL]["source"]) for row in rows}
    expected = [("a person's", "human")] * 4 + [("cat", "auto")] * 4
    assert found == dict(zip(object_ids, expected, strict=True))
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def test_a_later_batch_does_not_change_what_an_earlier_one_says(bench: Bench) -> None:
    object_ids = await stored(bench, b"one")
    async with bench.services(), bench.worker():
        earlier = await submitted(bench.pool, object_ids)
        assert await ended(bench.pool, earlier) == "COMPLETED"
        await bench.pool.execute(
            "UPDATE blobs SET storage_key = $1", await open_blob_store(bench.settings).put(NAMESPACE, BAD)
        )
        assert await ended(bench.pool, await submitted(bench.pool, object_ids, "force")) == "FAILED"
    assert await tally(bench.pool, earlier) == Tally(total=1, completed=1)


async def test_a_canceled_batch_takes_back_what_waits_and_nothing_of_others(bench: Bench) -> None:
    shared, own = await stored(bench, b"shared", b"own")
    other = await submitted(bench.pool, [shared])
    batch_id = await submitted(bench.pool, [shared, own])
    async with bench.pool.acquire() as connection, connection.transaction():
        await cancel_batch(connection, batch_id)
    assert await tally(bench.pool, batch_id) == Tally(total=2, skipped=2)
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "CANCELED"
        assert await ended(bench.pool, other) == "COMPLETED"
    await assert_each_object_has_one_document(bench.pool, [shared], COLLECTION)
    assert await bench.pool.fetchval("SELECT status FROM objects WHERE object_id = $1", own) == "PENDING"


async def test_an_object_that_is_canceled_while_it_is_done_anew_stays_completed(bench: Bench) -> None:
    object_ids = await stored(bench, b"one")
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, await submitted(bench.pool, object_ids)) == "COMPLETED"
    batch_id = await submitted(bench.pool, object_ids, "replace")
    async with bench.pool.acquire() as connection, connection.transaction():
        await cancel_batch(connection, batch_id)
    assert await bench.pool.fetchval("SELECT status FROM objects") == "COMPLETED"
    assert await bench.pool.fetchval("SELECT status FROM processing") == "COMPLETED"


async def test_deleted_objects_and_collections_are_accounted_for(bench: Bench) -> None:
    await bench.add_collection("col_2", taxonomy=False)
    kept, deleted = await stored(bench, b"kept", b"deleted")
    batch_id = await draft(bench.pool, [kept, deleted])
    await submit(bench.pool, batch_id, (COLLECTION, "col_2"))
    await bench.pool.execute("DELETE FROM objects WHERE object_id = $1", deleted)
    await bench.pool.execute("DELETE FROM collections WHERE collection_id = 'col_2'")
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await tally(bench.pool, batch_id) == Tally(total=2, completed=1, skipped=1)


async def test_a_batch_can_be_run_once_more(bench: Bench) -> None:
    object_ids = await stored(bench, BAD)
    batch_id = await submitted(bench.pool, object_ids)
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "FAILED"
        key = await open_blob_store(bench.settings).put(NAMESPACE, b"better")
        await bench.pool.execute("UPDATE blobs SET storage_key = $1", key)
        async with bench.pool.acquire() as connection, connection.transaction():
            await back_to_draft(connection, batch_id)
        await submit(bench.pool, batch_id)
        assert await ended(bench.pool, batch_id) == "COMPLETED"


async def test_kill_9_loses_and_doubles_nothing(bench: Bench) -> None:
    object_ids = await stored(bench, *(f"content {number}".encode() for number in range(40)))
    batch_id = await submitted(bench.pool, object_ids)
    async with bench.services():
        first = await start_worker(bench.settings)
        async with asyncio.timeout(60):
            while not await bench.pool.fetchval("SELECT count(*) FROM documents"):
                await asyncio.sleep(0.02)
        first.kill()
        await first.wait()
        async with bench.worker():
            assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await tally(bench.pool, batch_id) == Tally(total=40, completed=40)
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def triggered(pool: Pool, **inputs: Any) -> tuple[str, str]:
    """A task that fills the collection, as the gateway makes it; its id, and its batch's."""
    async with pool.acquire() as connection, connection.transaction():
        new = NewBatch(
            namespace_id=NAMESPACE, bucket_id=BUCKET, collection_ids=[COLLECTION], metadata={}, is_draft=False
        )
        batch_id = await create_batch(connection, new)
        until = await connection.fetchval("SELECT max(row_key) FROM objects")
        given = {"batch_ids": [batch_id], "batches": [[batch_id, BUCKET]], "until": until, **inputs}
        task = NewTask(
            kind="collection_trigger", task_type="api_collections_trigger", namespace_id=NAMESPACE, inputs=given
        )
        task_id = await create_task(connection, task)
        await connection.execute("UPDATE batches SET task_id = $2 WHERE batch_id = $1", batch_id, task_id)
    return task_id, batch_id


async def test_a_trigger_processes_what_was_there_and_passes_the_filter(bench: Bench) -> None:
    object_ids = await stored(bench, b"one", b"two", b"three")
    chosen = {"AND": [{"field": "object_id", "operator": "in", "value": object_ids[:2]}]}
    _, batch_id = await triggered(bench.pool, filters=chosen)
    later = await stored(bench, b"later")
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await tally(bench.pool, batch_id) == Tally(total=2, completed=2)
    await assert_each_object_has_one_document(bench.pool, object_ids[:2], COLLECTION)
    assert await bench.pool.fetchval("SELECT status FROM objects WHERE object_id = $1", later[0]) == "PENDING"


async def test_a_trigger_that_is_interrupted_goes_on_where_it_was(bench: Bench) -> None:
    object_ids = await stored(bench, *(f"{number}".encode() for number in range(5)))
    task_id, batch_id = await triggered(bench.pool)
    handlers = {"collection_trigger": trigger_collection, "batch": follow_batches}
    runner = TaskRunner(bench.pool, handlers, max_attempts=3, retry_base=0.01)
    assert await runner.run(TaskJob(task_id=task_id)) is not None
    assert await runner.run(TaskJob(task_id=task_id)) is not None
    assert await bench.pool.fetchval("SELECT count(*) FROM batch_items") == 5
    assert await bench.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'ingest'") == 5
    assert await bench.pool.fetchval("SELECT attempts FROM tasks") == 0
    async with bench.services(), bench.worker():
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def test_a_trigger_that_is_stopped_before_it_began_does_nothing(bench: Bench) -> None:
    await stored(bench, b"one")
    task_id, _ = await triggered(bench.pool)
    await request_cancel(bench.pool, task_id)
    handlers = {"collection_trigger": trigger_collection}
    assert await TaskRunner(bench.pool, handlers, max_attempts=3, retry_base=0.01).run(TaskJob(task_id=task_id)) is None
    assert await bench.pool.fetchval("SELECT count(*) FROM batch_items") == 0


@pytest.mark.parametrize(("strategy", "fetched"), [("replace", b"before"), ("force", b"after")])
async def test_force_asks_an_address_again(bench: Bench, tmp_path: Path, strategy: str, fetched: bytes) -> None:
    bench.settings = bench.settings.model_copy(update={"fetch_allow": "127.0.0.0/8"})
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"before")
    with file_server(tmp_path) as url:
        blob = NewBlob(property="image_url", type="image", source_url=f"{url}/a.jpg")
        new = NewObject(namespace_id=NAMESPACE, bucket_id=BUCKET, key_prefix=None, fields={}, blobs=[blob])
        object_id = (await create_object(bench.pool, new)).object_id
        async with bench.services(), bench.worker():
            await bench.settled(object_id)
            picture.write_bytes(b"after")
            assert await ended(bench.pool, await submitted(bench.pool, [object_id], strategy)) == "COMPLETED"
    sha256 = await bench.pool.fetchval("SELECT sha256 FROM blobs WHERE object_id = $1", object_id)
    assert sha256 == hashlib.sha256(fetched).hexdigest()
