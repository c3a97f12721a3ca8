"""Jobs that are delivered twice, and processes that die: one document per object all the same."""

import asyncio
from pathlib import Path

from services.common.database.migrate import migrate
from services.common.database.pool import open_pool
from services.common.database.tasks.jobs import INGEST, IngestJob, queue_of
from services.local.postgres.embedded_postgres import EmbeddedPostgres
from tests.integration.worker.bench import COLLECTION, Bench, furnish
from tests.integration.worker.fake_services import POISON, SLOW
from tests.integration.worker.invariants import assert_each_object_has_one_document, assert_nothing_is_left_to_do
from tests.integration.worker.processes import start_postgres, start_worker, supervised_extractor

KILL_BACKENDS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()"""


async def enqueue_again(bench: Bench, object_ids: list[str]) -> None:
    """Delivers the jobs of these objects once more."""
    jobs: list[bytes | None] = [
        IngestJob(object_id=object_id, collection_id=COLLECTION).to_payload() for object_id in object_ids
    ]
    async with bench.pool.acquire() as connection:
        await queue_of(connection).enqueue([INGEST] * len(jobs), jobs, [0] * len(jobs))


async def until_picked(bench: Bench, count: int) -> None:
    """Returns when so many attempts are under way."""
    async with asyncio.timeout(30):
        while await bench.pool.fetchval("SELECT count(*) FROM processing WHERE status = 'PROCESSING'") < count:
            await asyncio.sleep(0.02)


async def test_jobs_delivered_three_times_to_two_workers_write_one_document_each(bench: Bench) -> None:
    object_ids = [await bench.upload(b"%d" % number) for number in range(30)]
    await enqueue_again(bench, object_ids * 2)
    async with bench.services(), bench.worker(), bench.worker():
        await bench.settled(*object_ids)
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def test_lost_database_connections_lose_no_upload(bench: Bench) -> None:
    object_ids = [await bench.upload(b"%d" % number) for number in range(120)]
    async with bench.services(), bench.worker():
        for _ in range(5):
            await asyncio.sleep(0.2)
            await bench.pool.fetchval(KILL_BACKENDS)
        await bench.settled(*object_ids)
        await asyncio.sleep(0.5)
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def test_the_death_of_postgresql_loses_no_upload(bench: Bench, sockets: Path) -> None:
    postgres = EmbeddedPostgres(sockets / "data", sockets)
    server = await start_postgres(postgres)
    await migrate(postgres.url())
    settings = bench.settings.model_copy(update={"database_url": postgres.url()})
    async with await open_pool(settings) as pool:
        other = await furnish(pool, settings)
        object_ids = [await other.upload(b"%d" % number) for number in range(100)]
        async with other.services(), other.worker():
            await until_picked(other, 1)
            server.kill()
            await server.wait()
            server = await start_postgres(postgres)
            await pool.expire_connections()
            await other.settled(*object_ids)
        await assert_each_object_has_one_document(pool, object_ids, COLLECTION)
        assert await pool.fetchval("SELECT max(attempts) FROM processing") <= 2
    server.terminate()
    await server.wait()


async def test_the_death_of_a_worker_costs_an_attempt_and_makes_suspects_that_are_tried_alone(bench: Bench) -> None:
    object_ids = [await bench.upload(SLOW + b"%d" % number) for number in range(3)]
    async with bench.services():
        worker = await start_worker(bench.settings)
        await until_picked(bench, 3)
        worker.kill()
        await worker.wait()
        assert [await bench.attempts(object_id) for object_id in object_ids] == [1, 1, 1]
        bench.extractor.most_together = 0
        async with bench.worker():
            await bench.settled(*object_ids)
    assert [await bench.attempts(object_id) for object_id in object_ids] == [2, 2, 2]
    assert bench.extractor.most_together == 1
    await assert_each_object_has_one_document(bench.pool, object_ids, COLLECTION)


async def test_a_drained_worker_finishes_what_it_began(bench: Bench) -> None:
    object_ids = [await bench.upload(SLOW + b"%d" % number) for number in range(60)]
    async with bench.services():
        worker = await start_worker(bench.settings)
        await until_picked(bench, 32)
        worker.terminate()
        assert await worker.wait() == 0
    statuses = await bench.pool.fetch("SELECT status, count(*) FROM processing GROUP BY status ORDER BY status")
    assert {row["status"]: row["count"] for row in statuses} == {"COMPLETED": 32, "PENDING": 28}
    assert await bench.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'queued'") == 28
    assert object_ids


async def test_what_a_drained_worker_cannot_finish_is_given_back(bench: Bench) -> None:
    object_ids = [await bench.upload(SLOW + b"%d" % number) for number in range(4)]
    impatient = bench.settings.model_copy(update={"drain_seconds": 0.1})
    async with bench.services():
        worker = await start_worker(impatient)
        await until_picked(bench, 4)
        worker.terminate()
        assert await worker.wait() == 0
        assert await bench.pool.fetchval("SELECT count(*) FROM pgqueuer WHERE status = 'queued'") == 4
        async with bench.worker():
            await bench.settled(*object_ids)
    await assert_nothing_is_left_to_do(bench.pool)


async def test_a_poison_object_fails_and_its_neighbours_do_not(bench: Bench) -> None:
    bench.settings = bench.settings.model_copy(update={"max_attempts": 3})
    innocents = [await bench.upload(b"%d" % number) for number in range(30)]
    poison = await bench.upload(POISON)
    innocents += [await bench.upload(b"%d" % number) for number in range(30, 60)]
    async with bench.services(extractor=False), supervised_extractor(bench.settings) as starts, bench.worker():
        statuses = await bench.settled(poison, *innocents, seconds=120)
        assert statuses == {**dict.fromkeys(innocents, "COMPLETED"), poison: "FAILED"}
        assert starts() >= bench.settings.max_attempts
    assert await bench.attempts(poison) == bench.settings.max_attempts
    error = await bench.pool.fetchval("SELECT error FROM objects WHERE object_id = $1", poison)
    assert error == "NO_ANSWER: its processing ended 3 times without an answer."
    assert await bench.pool.fetchval("SELECT max(attempts) FROM processing WHERE object_id <> $1", poison) <= 2
    await assert_each_object_has_one_document(bench.pool, innocents, COLLECTION)
