"""What is deleted goes with everything in it, and only that."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.common.blobs import open_blob_store
from services.common.database.buckets.removal import (
    remove_bucket,
    start_bucket_removal,
    start_due_removals,
    start_namespace_removal,
)
from services.common.database.buckets.unused_blobs import kept_from_sweep, sweep_blobs
from services.common.database.pool import Connection, Pool
from services.common.errors import NotFoundError
from services.common.settings import Settings
from services.gateway.objects.creation.store import NewBlob
from tests.integration.worker.bench import BUCKET, COLLECTION, NAMESPACE, Bench
from tests.support.waiting import until

NOW = timedelta(0)
TABLES = ("objects", "documents", "collections", "taxonomies", "buckets", "namespaces")


async def _counts(pool: Pool) -> dict[str, int]:
    return {table: await pool.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES}


async def _task(bench: Bench, start: Callable[[Connection], Awaitable[str | None]]) -> str:
    async with bench.pool.acquire() as connection, connection.transaction():
        task_id = await start(connection)
    assert task_id is not None
    return task_id


async def _completed(bench: Bench, task_id: str) -> None:
    query = "SELECT status = 'COMPLETED' FROM tasks WHERE task_id = $1"
    await until(lambda: bench.pool.fetchval(query, task_id))


async def _events(pool: Pool, event_type: str) -> set[str]:
    rows = await pool.fetch("SELECT subject_id FROM events WHERE event_type = $1", event_type)
    return {row["subject_id"] for row in rows}


async def test_a_bucket_goes_with_its_objects_and_documents_and_the_index_is_told(bench: Bench) -> None:
    async with bench.services(), bench.worker():
        ids = [await bench.upload(f"photo {number}".encode()) for number in range(3)]
        await bench.settled(*ids)
        documents = {row["document_id"] for row in await bench.pool.fetch("SELECT document_id FROM documents")}
        task_id = await _task(bench, lambda connection: start_bucket_removal(connection, BUCKET))
        await _completed(bench, task_id)
    counts = await _counts(bench.pool)
    assert (counts["objects"], counts["documents"], counts["buckets"], counts["collections"]) == (0, 0, 0, 1)
    assert documents <= set(bench.index.refreshed)
    assert await _events(bench.pool, "object.deleted") == set(ids)
    assert await _events(bench.pool, "document.deleted") == documents
    assert await _events(bench.pool, "bucket.deleted") == {BUCKET}


async def test_a_namespace_goes_with_everything_in_it(bench: Bench) -> None:
    async with bench.services(), bench.worker():
        await bench.settled(await bench.upload(b"photo"))
        await bench.upload(b"not yet processed")
        task_id = await _task(bench, lambda connection: start_namespace_removal(connection, NAMESPACE))
        await _completed(bench, task_id)
    assert set((await _counts(bench.pool)).values()) == {0}
    assert await _events(bench.pool, "collection.deleted") == {COLLECTION}
    assert await _events(bench.pool, "bucket.deleted") == {BUCKET}
    assert len(await _events(bench.pool, "object.deleted")) == 2


async def test_what_comes_into_a_bucket_at_the_last_moment_is_told_too(bench: Bench) -> None:
    object_id = await bench.upload(b"late")
    async with bench.pool.acquire() as connection, connection.transaction():
        await remove_bucket(connection, NAMESPACE, BUCKET)
    assert await _events(bench.pool, "object.deleted") == {object_id}


async def test_a_bucket_is_hidden_under_a_name_that_nobody_asks_for(bench: Bench) -> None:
    task_id = await _task(bench, lambda connection: start_bucket_removal(connection, BUCKET))
    row = await bench.pool.fetchrow("SELECT bucket_name, deleted_at FROM buckets")
    assert row is not None
    assert (row["bucket_name"], row["deleted_at"] is None) == (f"{BUCKET}/{BUCKET}", False)
    async with bench.pool.acquire() as connection, connection.transaction():
        assert await start_bucket_removal(connection, BUCKET) is None
    assert await bench.pool.fetchval("SELECT count(*) FROM tasks WHERE task_id = $1", task_id) == 1


async def test_deletions_that_were_forgotten_or_are_due_are_started(bench: Bench) -> None:
    assert await start_due_removals(bench.pool) == 0
    await bench.pool.execute("UPDATE buckets SET deleted_at = now() - interval '2 hours'")
    await bench.pool.execute("UPDATE namespaces SET expires_at = now() - interval '1 second'")
    assert await start_due_removals(bench.pool) == 2
    assert await start_due_removals(bench.pool) == 0


async def _stored(settings: Settings, key: str) -> bool:
    try:
        return bool(await open_blob_store(settings).get(key))
    except NotFoundError:
        return False


async def test_bytes_stay_while_another_object_refers_to_them(bench: Bench) -> None:
    key = await open_blob_store(bench.settings).put(NAMESPACE, b"shared")
    blob = NewBlob(property="image_url", type="image", storage_key=key)
    first, second = await bench.create([blob]), await bench.create([blob])
    store = open_blob_store(bench.settings)
    await bench.pool.execute("DELETE FROM objects WHERE object_id = $1", first)
    assert await sweep_blobs(bench.pool, store, NOW) == 0
    assert await _stored(bench.settings, key)
    await bench.pool.execute("DELETE FROM objects WHERE object_id = $1", second)
    assert await sweep_blobs(bench.pool, store) == 0
    assert await sweep_blobs(bench.pool, store, NOW) == 1
    assert not await _stored(bench.settings, key)
    assert await bench.pool.fetchval("SELECT count(*) FROM blob_garbage") == 0


async def test_bytes_that_are_about_to_be_referred_to_again_stay(bench: Bench) -> None:
    await bench.pool.execute("DELETE FROM objects WHERE object_id = $1", await bench.upload(b"again"))
    await bench.pool.execute("UPDATE blob_garbage SET condemned_at = now() - interval '2 hours'")
    key = await open_blob_store(bench.settings, kept_from_sweep(bench.pool)).put(NAMESPACE, b"again")
    store = open_blob_store(bench.settings)
    assert await sweep_blobs(bench.pool, store) == 0
    assert await _stored(bench.settings, key)


async def test_deleting_a_collection_leaves_the_objects_and_their_bytes(bench: Bench) -> None:
    object_id = await bench.upload(b"kept")
    await bench.pool.execute("DELETE FROM collections WHERE collection_id = $1", COLLECTION)
    assert await sweep_blobs(bench.pool, open_blob_store(bench.settings), NOW) == 0
    assert await bench.pool.fetchval("SELECT count(*) FROM objects WHERE object_id = $1", object_id) == 1
