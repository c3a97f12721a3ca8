"""How objects end: once, when every collection has, and with the reasons of those that failed."""

import asyncio
from typing import Any

import pytest

from services.common.database.batches.lifecycle import cancel_batch
from services.gateway.collections.store import delete_collection
from tests.integration.worker.bench import COLLECTION, NAMESPACE, Bench
from tests.integration.worker.fake_services import BAD
from tests.integration.worker.invariants import assert_nothing_is_left_to_do
from tests.integration.worker.tasks.test_batches import draft, ended, submit, submitted, tally

IMAGES, FACES = "image_extractor@v1", "face_identity_extractor@v1"
WRONG = "NOT_AN_IMAGE: The file is not an image."


async def with_faces(bench: Bench, *others: str) -> None:
    """Beside the collection of pictures one of faces, and further ones of pictures."""
    await bench.add_collection("col_faces", taxonomy=False, extractor="face_identity_extractor")
    for collection_id in others:
        await bench.add_collection(collection_id, taxonomy=False)


async def row_of(bench: Bench, object_id: str) -> dict[str, Any]:
    row = await bench.pool.fetchrow("SELECT status, error FROM objects WHERE object_id = $1", object_id)
    assert row is not None
    return dict(row)


async def told(bench: Bench, object_id: str) -> list[dict[str, Any]]:
    """What the events said of the object's status, in their order."""
    query = """SELECT payload FROM events WHERE subject_id = $1 AND event_type = 'object.updated' ORDER BY seq"""
    return [row["payload"] for row in await bench.pool.fetch(query, object_id)]


async def record(bench: Bench, object_id: str, collection_id: str) -> str | None:
    query = "SELECT status FROM processing WHERE object_id = $1 AND collection_id = $2"
    found: str | None = await bench.pool.fetchval(query, object_id, collection_id)
    return found


async def until(bench: Bench, object_id: str, collection_id: str, status: str) -> None:
    async with asyncio.timeout(30):
        while await record(bench, object_id, collection_id) != status:
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("others", [(), ("col_more",)])
async def test_an_object_goes_on_until_its_last_collection_has_ended(bench: Bench, others: tuple[str, ...]) -> None:
    await with_faces(bench, *others)
    bench.extractor.rejecting, bench.extractor.slow = {IMAGES}, {FACES}
    object_id = await bench.upload(b"faces:anna,boris,clara")
    async with bench.services(), bench.worker():
        await until(bench, object_id, COLLECTION, "FAILED")
        assert await row_of(bench, object_id) == {"status": "PROCESSING", "error": None}
        assert await told(bench, object_id) == []
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    assert len(await bench.documents(object_id, "col_faces")) == 3
    failed = [f"{WRONG} (collection '{each}', {each})" for each in (COLLECTION, *others)]
    assert (await row_of(bench, object_id))["error"] == "; ".join(failed)
    [payload] = await told(bench, object_id)
    assert (payload["status"], payload["collection_id"]) == ("FAILED", COLLECTION)
    assert payload["error"] == "; ".join(failed)
    assert payload["collection_ids"] == sorted((COLLECTION, "col_faces", *others))
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_failure_that_comes_last_ends_it_too(bench: Bench) -> None:
    await with_faces(bench)
    bench.extractor.rejecting = bench.extractor.slow = {FACES}
    object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        await until(bench, object_id, COLLECTION, "COMPLETED")
        assert (await row_of(bench, object_id))["status"] == "PROCESSING"
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    assert [payload["collection_id"] for payload in await told(bench, object_id)] == ["col_faces"]


async def test_a_worker_that_is_replaced_meanwhile_changes_nothing_of_it(bench: Bench) -> None:
    await with_faces(bench)
    bench.extractor.rejecting, bench.extractor.slow = {IMAGES}, {FACES}
    bench.settings = bench.settings.model_copy(update={"drain_seconds": 0.0})
    object_id = await bench.upload(b"faces:anna")
    async with bench.services():
        async with bench.worker():
            await until(bench, object_id, COLLECTION, "FAILED")
        assert await row_of(bench, object_id) == {"status": "PROCESSING", "error": None}
        async with bench.worker():
            assert await bench.settled(object_id) == {object_id: "FAILED"}
    assert len(await told(bench, object_id)) == 1
    assert len(await bench.documents(object_id, "col_faces")) == 1


async def test_a_collection_of_a_collection_is_waited_for(bench: Bench) -> None:
    await bench.add_collection(
        "col_tier", taxonomy=False, extractor="face_identity_extractor", mappings={"image": "crop"}, of=COLLECTION
    )
    bench.extractor.rejecting = bench.extractor.slow = {FACES}
    object_id = await bench.upload(b"faces:anna")
    async with bench.services(), bench.worker():
        await until(bench, object_id, COLLECTION, "COMPLETED")
        assert (await row_of(bench, object_id))["status"] == "PROCESSING"
        assert await bench.settled(object_id) == {object_id: "FAILED"}
    assert (await row_of(bench, object_id))["error"] == f"{WRONG} (collection 'col_tier', col_tier)"
    assert len(await told(bench, object_id)) == 1


async def test_what_failed_is_processed_anew_and_told_once_more(bench: Bench) -> None:
    await with_faces(bench)
    bench.extractor.rejecting = {IMAGES}
    object_id = await bench.upload(b"faces:anna")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        batch_id = await draft(bench.pool, [object_id], "replace")
        await submit(bench.pool, batch_id, (COLLECTION, "col_faces"))
        assert await ended(bench.pool, batch_id) == "FAILED"
        bench.extractor.rejecting = set()
        batch_id = await draft(bench.pool, [object_id], "skip")
        await submit(bench.pool, batch_id, (COLLECTION, "col_faces"))
        assert await ended(bench.pool, batch_id) == "COMPLETED"
    assert await row_of(bench, object_id) == {"status": "COMPLETED", "error": None}
    assert [payload["status"] for payload in await told(bench, object_id)] == ["FAILED", "FAILED", "COMPLETED"]
    assert (await tally(bench.pool, batch_id)).completed == 1


async def test_a_collection_deleted_meanwhile_is_waited_for_no_more(bench: Bench) -> None:
    await with_faces(bench)
    bench.extractor.slow = {FACES}
    object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        await until(bench, object_id, COLLECTION, "COMPLETED")
        await delete_collection(bench.pool, NAMESPACE, "col_faces")
        assert await row_of(bench, object_id) == {"status": "COMPLETED", "error": None}
    assert [payload["status"] for payload in await told(bench, object_id)] == ["COMPLETED"]


async def test_without_its_only_collection_an_object_fails_and_says_so(bench: Bench) -> None:
    waiting = await bench.upload(b"a cat")
    await delete_collection(bench.pool, NAMESPACE, COLLECTION)
    found = await row_of(bench, waiting)
    assert (found["status"], str(found["error"]).partition(":")[0]) == ("FAILED", "COLLECTION_DELETED")
    assert COLLECTION in found["error"]
    assert [payload["status"] for payload in await told(bench, waiting)] == ["FAILED"]
    async with bench.services(), bench.worker():
        async with asyncio.timeout(30):
            while await bench.pool.fetchval("SELECT count(*) FROM pgqueuer"):
                await asyncio.sleep(0.05)
    assert await bench.pool.fetchval("SELECT status FROM objects WHERE object_id = $1", waiting) == "FAILED"


async def test_a_failure_goes_with_its_collection(bench: Bench) -> None:
    await with_faces(bench)
    bench.extractor.rejecting = {FACES}
    object_id = await bench.upload(b"a cat")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        await delete_collection(bench.pool, NAMESPACE, "col_faces")
    assert await row_of(bench, object_id) == {"status": "COMPLETED", "error": None}


async def test_what_is_canceled_before_it_is_done_anew_is_as_it_was(bench: Bench) -> None:
    bad, empty = await bench.upload(BAD), await bench.upload(b"faces:")
    async with bench.services(), bench.worker():
        assert await bench.settled(bad, empty) == {bad: "FAILED", empty: "COMPLETED"}
    before = await row_of(bench, bad)
    batch_id = await submitted(bench.pool, [bad, empty], "replace")
    async with bench.pool.acquire() as connection, connection.transaction():
        await cancel_batch(connection, batch_id)
    assert await row_of(bench, bad) == before
    assert (await row_of(bench, empty))["status"] == "COMPLETED"
