"""Services that are down or full: everything waits, nothing is lost, no attempt is spent."""

import asyncio

from services.common.errors import ResourceExhaustedError, UnavailableError
from tests.integration.worker.bench import COLLECTION, Bench
from tests.integration.worker.fake_services import serving
from tests.integration.worker.invariants import assert_each_object_has_one_document, assert_nothing_is_left_to_do


async def test_uploads_wait_for_an_extractor_that_is_down(bench: Bench) -> None:
    object_ids = [await bench.upload(b"%d" % number) for number in range(40)]
    async with bench.services(extractor=False), bench.worker():
        await asyncio.sleep(1)
        assert await bench.pool.fetchval("SELECT max(attempts) FROM processing") == 0
        async with serving(bench.settings.extractor_address, bench.extractor):
            await bench.settled(*object_ids)
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)
    assert await bench.pool.fetchval("SELECT max(attempts) FROM processing") == 1


async def test_uploads_wait_for_a_taxonomy_that_is_down(bench: Bench) -> None:
    unlabelled, labelled = await bench.upload(b"1"), await bench.upload(b"2", label="dog")
    async with bench.services(taxonomy=False), bench.worker():
        await bench.settled(labelled)
        async with asyncio.timeout(10):
            while await bench.attempts(unlabelled):
                await asyncio.sleep(0.05)
        async with serving(bench.settings.taxonomy_address, bench.taxonomy):
            await bench.settled(unlabelled)
    assert await bench.attempts(unlabelled) == 1
    await assert_each_object_has_one_document(bench.pool, [unlabelled, labelled], COLLECTION)


async def test_a_taxonomy_that_loses_its_index_costs_no_attempt(bench: Bench) -> None:
    bench.taxonomy.refusals = [UnavailableError("The index does not answer.") for _ in range(2)]
    object_id = await bench.upload(b"1")
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    assert await bench.attempts(object_id) == 1


async def test_a_full_extractor_costs_no_attempt(bench: Bench) -> None:
    bench.extractor.refusals = [ResourceExhaustedError("The queue is full.") for _ in range(10)]
    object_id = await bench.upload(b"1")
    async with bench.services(), bench.worker():
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    assert await bench.attempts(object_id) == 1


async def test_an_index_that_is_down_delays_nothing_that_came_with_a_label(bench: Bench) -> None:
    object_id = await bench.upload(b"1", label="dog")
    async with (
        serving(bench.settings.extractor_address, bench.extractor),
        bench.worker(),
    ):
        assert await bench.settled(object_id) == {object_id: "COMPLETED"}
    await assert_nothing_is_left_to_do(bench.pool)


async def test_many_jobs_are_at_the_extractor_at_once(bench: Bench) -> None:
    object_ids = [await bench.upload(b"%d" % number) for number in range(40)]
    async with bench.services(), bench.worker():
        await bench.settled(*object_ids)
    assert bench.extractor.most_together > 8
