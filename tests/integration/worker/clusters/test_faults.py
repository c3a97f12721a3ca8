"""Runs of clusters while things break: a worker that is killed, documents that go, locks of others."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from services.common.database.tasks.create_task import FAILED
from services.worker.clusters.runs.abandoned_runs import RunSweeper
from services.worker.clusters.runs.lifecycle import SupersededError, begin
from services.worker.clusters.runs.write_groups import MEMBERS_KEPT, write_members
from services.worker.kit.task import Task
from tests.integration.worker.bench import Bench
from tests.integration.worker.clusters.cluster_bench import (
    KMEANS,
    add_cluster,
    add_documents,
    blobs,
    cancel,
    ended,
    events,
    groups,
    members,
    run_to_end,
    start,
    until,
    zeros,
)
from tests.integration.worker.processes import start_worker


def task_of(bench: Bench, task_id: str) -> Task:
    return Task(pool=bench.pool, task_id=task_id, namespace_id="ns_1", inputs={}, additional_data={})


async def test_a_killed_worker_doubles_and_loses_nothing(bench: Bench) -> None:
    ids = await add_documents(bench, list(blobs(30)))
    cluster_id = await add_cluster(bench, KMEANS)
    started = await start(bench, cluster_id)
    async with bench.services():
        first = await start_worker(bench.settings)
        try:
            await until(bench, started, stage="starting")
        finally:
            first.kill()
            await first.wait()
        await _half_write(bench, started.run_id, ids)
        async with bench.worker():
            run = await ended(bench, started.run_id)
    assert (run["status"], run["attempt"], run["num_points"]) == ("completed", 2, 30)
    assert (await members(bench, started.run_id)).keys() == set(ids)
    assert [row["group_id"] for row in await groups(bench, started.run_id)] == ["cl_0", "cl_1", "cl_2"]
    assert await events(bench, cluster_id) == ["cluster.execution.started", "cluster.execution.completed"]


async def _half_write(bench: Bench, run_id: str, ids: list[str]) -> None:
    """What a worker leaves that dies while it writes."""
    await bench.pool.execute(
        "INSERT INTO cluster_groups (run_id, number, group_id, member_count) VALUES ($1, 7, 'cl_7', 5)", run_id
    )
    await bench.pool.execute(
        "INSERT INTO cluster_members (run_id, document_id, number) SELECT $1, unnest($2::text[]), 7", run_id, ids[:5]
    )


async def test_a_computation_that_is_killed_again_fails_the_run_and_says_why(bench: Bench) -> None:
    await add_documents(bench, list(blobs(30)))
    started = await start(bench, await add_cluster(bench, KMEANS))
    async with bench.services(), bench.worker():
        first = await computing(started.run_id)
        os.kill(first, signal.SIGKILL)
        os.kill(await computing(started.run_id, other_than=first), signal.SIGKILL)
        run = await ended(bench, started.run_id)
    assert (run["status"], run["task_status"], run["attempt"]) == ("failed", "FAILED", 2)
    assert "memory" in run["error_message"]
    assert run["task_error"] == run["error_message"]


async def computing(run_id: str, other_than: int = 0) -> int:
    """The process that computes a run, once there is one."""
    async with asyncio.timeout(60):
        while True:
            for line in await asyncio.to_thread(lambda: list(Path("/proc").glob("[0-9]*/cmdline"))):
                pid = int(line.parent.name)
                if pid != other_than and run_id.encode() in await asyncio.to_thread(_words, line):
                    return pid
            await asyncio.sleep(0.02)


def _words(line: Path) -> bytes:
    try:
        return line.read_bytes()
    except OSError:
        return b""


async def test_only_the_last_attempt_at_a_run_writes(bench: Bench) -> None:
    ids = await add_documents(bench, list(blobs(2)))
    started = await start(bench, await add_cluster(bench, KMEANS))
    task, first = task_of(bench, started.task_id), await begin(bench.pool, started.run_id)
    second = await begin(bench.pool, started.run_id)
    assert first is not None
    assert second is not None
    with pytest.raises(SupersededError):
        await write_members(task, first, zeros(ids))
    await write_members(task, second, zeros(ids))
    assert (await members(bench, started.run_id)).keys() == set(ids)


async def test_documents_that_went_meanwhile_are_left_out_and_whoever_deletes_them_never_waits_in_a_circle(
    bench: Bench,
) -> None:
    ids = sorted(await add_documents(bench, list(blobs(6))))
    started = await start(bench, await add_cluster(bench, KMEANS))
    run = await begin(bench.pool, started.run_id)
    assert run is not None
    async with bench.pool.acquire() as deleting, deleting.transaction():
        await deleting.execute("DELETE FROM documents WHERE document_id = $1", ids[5])
        writing = asyncio.create_task(write_members(task_of(bench, started.task_id), run, zeros(ids)))
        await asyncio.sleep(0.3)
        await deleting.execute("DELETE FROM documents WHERE document_id = $1", ids[0])
        assert not writing.done()
    await writing
    assert (await members(bench, started.run_id)).keys() == set(ids[1:5])
    await bench.pool.execute("DELETE FROM documents WHERE document_id = $1", ids[1])
    assert (await members(bench, started.run_id)).keys() == set(ids[2:5])


async def test_a_run_whose_task_was_given_up_fails_and_leaves_nothing(bench: Bench) -> None:
    ids = await add_documents(bench, list(blobs(6)))
    cluster_id = await add_cluster(bench, KMEANS)
    started = await start(bench, cluster_id)
    assert await begin(bench.pool, started.run_id) is not None
    await _half_write(bench, started.run_id, ids)
    left = bench.settings.data_dir / "clustering" / started.run_id
    await asyncio.to_thread(left.mkdir, parents=True)
    sweeper = RunSweeper(bench.pool, bench.settings.data_dir)
    await sweeper.sweep()
    assert left.exists()
    assert await members(bench, started.run_id)
    query = "UPDATE tasks SET status = $2, error = 'gave up' WHERE task_id = $1"
    await bench.pool.execute(query, started.task_id, FAILED)
    await sweeper.sweep()
    run = await ended(bench, started.run_id)
    assert (run["status"], run["error_message"], left.exists()) == ("failed", "gave up", False)
    assert (await members(bench, started.run_id), await groups(bench, started.run_id)) == ({}, [])
    assert (await events(bench, cluster_id))[-1] == "cluster.execution.failed"


async def test_what_a_canceled_assign_had_added_goes_and_the_rest_stays(bench: Bench) -> None:
    await add_documents(bench, list(blobs(6)))
    cluster_id = await add_cluster(bench, KMEANS)
    async with bench.services(), bench.worker():
        first = await run_to_end(bench, cluster_id)
    before = await members(bench, first["run_id"])
    started = await start(bench, cluster_id, "assign")
    (added,) = await add_documents(bench, list(blobs(1)))
    add = "INSERT INTO cluster_members (run_id, document_id, number, added_by) VALUES ($1, $2, 0, $3)"
    await bench.pool.execute(add, first["run_id"], added, started.run_id)
    await cancel(bench, started)
    await RunSweeper(bench.pool, bench.settings.data_dir).sweep()
    assert await members(bench, first["run_id"]) == before


async def test_members_of_runs_long_past_are_forgotten_and_their_groups_are_not(bench: Bench) -> None:
    ids = await add_documents(bench, [None] * 3, fields=[{"kind": "shoe"}] * 3)
    cluster_id = await add_cluster(bench, {"attributes": ["kind"]})
    async with bench.services(), bench.worker():
        started = [await start(bench, cluster_id) for _ in range(MEMBERS_KEPT + 1)]
        runs = [await ended(bench, each.run_id) for each in started]
    runs.sort(key=lambda run: run["completed_at"])
    assert {len(await members(bench, run["run_id"])) for run in runs[-2:]} == {len(ids)}
    kept = [run for run in runs if await members(bench, run["run_id"])]
    assert len(kept) == MEMBERS_KEPT
    assert all([await groups(bench, run["run_id"]) for run in runs])


async def test_a_deleted_collection_takes_its_members_along_and_the_next_run_says_so(bench: Bench) -> None:
    await bench.add_collection("col_2", taxonomy=False)
    kinds = [{"kind": "shoe"}] * 2
    await add_documents(bench, [None] * 2, fields=kinds)
    await add_documents(bench, [None] * 2, fields=kinds, collection_id="col_2")
    cluster_id = await add_cluster(bench, {"attributes": ["kind"]}, collection_ids=["col_1", "col_2"])
    async with bench.services(), bench.worker():
        both = await ended(bench, (await start(bench, cluster_id)).run_id)
        await bench.pool.execute("DELETE FROM collections WHERE collection_id = 'col_2'")
        assert len(await members(bench, both["run_id"])) == 2
        one = await ended(bench, (await start(bench, cluster_id)).run_id)
        await bench.pool.execute("DELETE FROM collections WHERE collection_id = 'col_1'")
        none = await ended(bench, (await start(bench, cluster_id)).run_id)
    assert (one["status"], one["num_points"], "col_2" in one["warnings"][0]) == ("completed", 2, True)
    assert (none["status"], "col_1, col_2" in none["error_message"]) == ("failed", True)
