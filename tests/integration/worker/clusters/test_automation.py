"""Clusters that run by themselves, and workers that are killed while they do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import asyncpg
import pytest

from tests.integration.worker.bench import COLLECTION, Bench
from tests.integration.worker.clusters.cluster_bench import KMEANS, add_cluster, add_documents, ended, run_to_end, start
from tests.integration.worker.processes import start_worker

TWO = {**KMEANS, "algorithm_params": {"n_clusters": 2}}
# Takes no vectors, and so no time.
BY_LABEL = {"attributes": ["product_label"]}


@pytest.fixture
async def working(bench: Bench) -> AsyncIterator[Bench]:
    """A bench whose worker works."""
    async with bench.services(), bench.worker():
        yield bench


async def apply(bench: Bench, *applications: dict[str, Any]) -> None:
    sql = "UPDATE collections SET settings = $2 WHERE collection_id = $1"
    await bench.pool.execute(sql, COLLECTION, {"cluster_applications": list(applications)})


async def upload(bench: Bench, *contents: bytes) -> None:
    await bench.settled(*[await bench.upload(content) for content in contents])


async def runs(bench: Bench, cluster_id: str, count: int) -> Sequence[asyncpg.Record]:
    """The runs of a cluster, the oldest first, once there are so many and all are over."""
    query = "SELECT run_id, mode, num_points FROM cluster_runs WHERE cluster_id = $1 ORDER BY row_key"
    async with asyncio.timeout(120):
        while len(await bench.pool.fetch(query, cluster_id)) < count:
            await asyncio.sleep(0.05)
    for row in await bench.pool.fetch(query, cluster_id):
        await ended(bench, row["run_id"])
    return await bench.pool.fetch(query, cluster_id)


async def nothing_is_due(bench: Bench) -> None:
    """Returns when every event has been seen, and whatever it made due has been looked at."""
    behind = """
        SELECT EXISTS (SELECT FROM cluster_runs_due WHERE looked_at IS NULL) OR EXISTS (
          SELECT FROM events WHERE event_type = 'document.created' AND xid >= coalesce(
            (SELECT position FROM event_followers WHERE follower = 'cluster applications'), '0'))"""
    async with asyncio.timeout(60):
        while await bench.pool.fetchval(behind):
            await asyncio.sleep(0.05)


async def test_a_cluster_runs_once_its_collection_is_at_rest_and_then_cools_down(working: Bench) -> None:
    cluster_id = await add_cluster(working, BY_LABEL)
    await apply(working, {"cluster_id": cluster_id, "auto_execute_on_batch": True, "cooldown_seconds": 3600})
    await upload(working, *[b"%d" % number for number in range(6)])
    (run,) = await runs(working, cluster_id, 1)
    assert (run["mode"], run["num_points"]) == ("full", 6)
    await upload(working, b"later")
    await nothing_is_due(working)
    assert len(await runs(working, cluster_id, 1)) == 1
    await working.pool.execute("UPDATE clusters SET last_automatic_run_at = now() - interval '2 hours'")
    assert (await runs(working, cluster_id, 2))[1]["num_points"] == 7


async def test_too_few_documents_are_not_worth_a_run(working: Bench) -> None:
    cluster_id = await add_cluster(working, BY_LABEL)
    application = {"cluster_id": cluster_id, "auto_execute_on_batch": True, "min_document_threshold": 4}
    await apply(working, application)
    await upload(working, b"1", b"2", b"3")
    await nothing_is_due(working)
    assert await working.pool.fetchval("SELECT count(*) FROM cluster_runs") == 0
    await upload(working, b"4")
    assert len(await runs(working, cluster_id, 1)) == 1


async def test_new_documents_are_assigned_as_they_come(working: Bench) -> None:
    cluster_id = await add_cluster(working, TWO, enrich_source_collection=True)
    await upload(working, b"1", b"2", b"3", b"4")
    await run_to_end(working, cluster_id)
    await apply(working, {"cluster_id": cluster_id, "execution_mode": "on_ingest"})
    object_id = await working.upload(b"1")
    await working.settled(object_id)
    assert [row["mode"] for row in await runs(working, cluster_id, 2)] == ["full", "assign"]
    fields = (await working.document(object_id))["fields"]
    assert fields["cluster_id"] in ("cl_0", "cl_1")


async def test_groups_of_attributes_are_made_anew_as_documents_come(working: Bench) -> None:
    cluster_id = await add_cluster(working, BY_LABEL)
    await apply(working, {"cluster_id": cluster_id, "execution_mode": "on_ingest"})
    await upload(working, b"1", b"2")
    (run,) = await runs(working, cluster_id, 1)
    assert (run["mode"], run["num_points"]) == ("full", 2)


async def test_what_is_applied_no_more_or_to_no_cluster_runs_nothing(working: Bench) -> None:
    idle = await add_cluster(working, TWO)
    await apply(
        working,
        {"cluster_id": idle, "auto_execute_on_batch": False},
        {"cluster_id": "clust_nowhere", "auto_execute_on_batch": True},
        {"cluster_id": idle, "execution_mode": "on_ingest"},
    )
    await upload(working, b"1", b"2")
    await nothing_is_due(working)
    assert await working.pool.fetchval("SELECT count(*) FROM cluster_runs") == 0


async def test_a_killed_worker_loses_no_run(bench: Bench) -> None:
    cluster_id = await add_cluster(bench, BY_LABEL)
    await apply(bench, {"cluster_id": cluster_id, "auto_execute_on_batch": True})
    async with bench.services():
        worker = await start_worker(bench.settings)
        await upload(bench, *[b"%d" % number for number in range(6)])
        worker.kill()
        await worker.wait()
        async with bench.worker():
            (run,) = await runs(bench, cluster_id, 1)
            await nothing_is_due(bench)
    assert run["num_points"] == 6
    assert await bench.pool.fetchval("SELECT count(*) FROM cluster_runs") == 1


async def test_a_worker_killed_while_it_enriches_is_carried_on_from_where_it_was(bench: Bench) -> None:
    bench.index.seconds = 0.5
    ids = await add_documents(bench, [None] * 1000, fields=[{"product_label": str(n % 3)} for n in range(1000)])
    run = await start(bench, await add_cluster(bench, BY_LABEL, enrich_source_collection=True))
    enriched = "SELECT count(*) FROM documents WHERE fields ? 'cluster_id'"
    async with bench.services():
        worker = await start_worker(bench.settings)
        async with asyncio.timeout(120):
            while not await bench.pool.fetchval(enriched):
                await asyncio.sleep(0.02)
        worker.kill()
        await worker.wait()
        assert 0 < await bench.pool.fetchval(enriched) < len(ids)
        async with bench.worker():
            row = await ended(bench, run.run_id)
    assert (row["task_status"], row["enriched_documents"]) == ("COMPLETED", len(ids))
    told = await bench.pool.fetch("SELECT subject_id FROM events WHERE event_type = 'document.updated'")
    assert sorted(row["subject_id"] for row in told) == sorted(ids)
