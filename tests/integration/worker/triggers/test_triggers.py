"""Triggers fire once when they are due, whoever dies or is away, and say how it ended."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from services.common.database.triggers import executions as trigger_runs
from services.common.triggers.after_execution import MOST_FAILURES
from services.worker.triggers.execution_outcomes import Outcomes
from services.worker.triggers.scheduler import Scheduler
from tests.integration.worker.bench import COLLECTION, Bench
from tests.integration.worker.processes import start_worker
from tests.integration.worker.triggers.trigger_rows import (
    add_trigger,
    events_of,
    executed,
    executions,
    running_execution,
    trigger_row,
)
from tests.support.waiting import until


async def fire_all(bench: Bench) -> None:
    """Everything that is due, then everything that has ended."""
    scheduler = Scheduler(bench.pool)
    while await scheduler.step():
        pass
    await Outcomes(bench.pool).step()


async def test_what_was_missed_while_nobody_was_there_runs_once(bench: Bench) -> None:
    object_id = await bench.upload(b"one")
    trigger_id = await add_trigger(bench.pool)
    other = await add_trigger(bench.pool, "cron", {"cron_expression": "* * * * *", "timezone": "Asia/Kolkata"})
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        row = await executed(bench.pool, trigger_id)
        await executed(bench.pool, other)
    assert [each["status"] for each in await executions(bench.pool, trigger_id)] == ["COMPLETED"]
    assert row["next_scheduled_at"] > datetime.now(UTC)
    assert (row["last_execution_status"], row["consecutive_failures"]) == ("COMPLETED", 0)
    assert await events_of(bench.pool, trigger_id) == ["trigger.fired", "trigger.execution.completed"]


async def test_workers_that_look_at_once_fire_each_trigger_once(bench: Bench) -> None:
    trigger_ids = [await add_trigger(bench.pool) for _ in range(20)]
    await asyncio.gather(*(fire_all(bench) for _ in range(4)))
    assert [len(await executions(bench.pool, each)) for each in trigger_ids] == [1] * 20
    assert await bench.pool.fetchval("SELECT count(*) FROM tasks") == 20


async def test_kill_9_neither_loses_nor_doubles_an_execution(bench: Bench) -> None:
    object_id = await bench.upload(b"one")
    trigger_ids = [await add_trigger(bench.pool) for _ in range(30)]
    begun = "SELECT count(*) FROM trigger_executions"

    async def some_have_begun() -> bool:
        return bool(await bench.pool.fetchval(begun))

    async with bench.services():
        first = await start_worker(bench.settings)
        await until(some_have_begun)
        first.kill()
        await first.wait()
        async with bench.worker():
            rows = [await executed(bench.pool, each) for each in trigger_ids]
            await bench.settled(object_id)
    assert [row["execution_count"] for row in rows] == [1] * 30
    assert await bench.pool.fetchval(begun) == 30


async def test_a_paused_trigger_does_not_fire(bench: Bench) -> None:
    quiet = [await add_trigger(bench.pool, status=status) for status in ("paused", "disabled", "failed")]
    active = await add_trigger(bench.pool)
    await fire_all(bench)
    assert len(await executions(bench.pool, active)) == 1
    assert [await executions(bench.pool, each) for each in quiet] == [[], [], []]


async def test_one_that_still_runs_is_not_begun_again_and_history_says_so(bench: Bench) -> None:
    trigger_id = await add_trigger(bench.pool)
    task_id = await running_execution(bench.pool, trigger_id)
    await fire_all(bench)
    running, skipped = await executions(bench.pool, trigger_id)
    assert (running["ended_at"], skipped["status"], skipped["task_id"]) == (None, "SKIPPED", task_id)
    assert "still runs" in skipped["error"]
    assert (await trigger_row(bench.pool, trigger_id))["next_scheduled_at"] > datetime.now(UTC)
    await bench.pool.execute("UPDATE tasks SET status = 'COMPLETED' WHERE task_id = $1", task_id)
    await fire_all(bench)
    assert (await trigger_row(bench.pool, trigger_id))["execution_count"] == 1


@pytest.mark.parametrize(
    "action",
    [
        ("collection_trigger", {"collection_id": "col_gone"}),
        ("cluster", {"cluster_id": "clust_gone"}),
        ("taxonomy_enrichment", {"taxonomy_id": "tax_gone", "collection_id": COLLECTION}),
        ("batch_rerun", {"batch_id": "btch_gone"}),
        ("retriever_execution", {"retriever_id": "ret_gone"}),
        ("alert_evaluation", {"alert_id": "alt_gone"}),
    ],
    ids=lambda action: action[0],
)
async def test_an_action_on_what_was_deleted_fails_and_says_why(
    bench: Bench, action: tuple[str, dict[str, Any]]
) -> None:
    trigger_id = await add_trigger(bench.pool, action=action)
    await fire_all(bench)
    (execution,) = await executions(bench.pool, trigger_id)
    assert execution["status"] == "FAILED"
    assert "_gone'" in execution["error"]
    query = "SELECT status, error FROM tasks WHERE task_id = $1"
    assert tuple(await bench.pool.fetchrow(query, execution["task_id"]) or ()) == ("FAILED", execution["error"])
    assert await events_of(bench.pool, trigger_id) == ["trigger.fired", "trigger.execution.failed"]


async def test_a_trigger_gives_up_after_so_many_failures_in_a_row(bench: Bench) -> None:
    trigger_id = await add_trigger(bench.pool, action=("collection_trigger", {"collection_id": "col_gone"}))
    for _ in range(MOST_FAILURES + 2):
        await bench.pool.execute("UPDATE triggers SET next_scheduled_at = now() WHERE status = 'active'")
        await fire_all(bench)
    row = await trigger_row(bench.pool, trigger_id)
    assert (row["status"], row["consecutive_failures"], row["next_scheduled_at"]) == ("failed", MOST_FAILURES, None)
    assert "Gave up" in row["last_execution_error"]
    assert len(await executions(bench.pool, trigger_id)) == MOST_FAILURES


async def test_a_failed_task_counts_and_a_canceled_one_does_not(bench: Bench) -> None:
    for status, failures in (("FAILED", 1), ("CANCELED", 0), ("COMPLETED_WITH_ERRORS", 0)):
        trigger_id = await add_trigger(bench.pool, due_in=3600)
        task_id = await running_execution(bench.pool, trigger_id)
        await bench.pool.execute("UPDATE tasks SET status = $2, error = 'why' WHERE task_id = $1", task_id, status)
        await fire_all(bench)
        row = await trigger_row(bench.pool, trigger_id)
        assert (row["last_execution_status"], row["consecutive_failures"]) == (status, failures)
        assert row["last_execution_error"] == "why"


async def test_one_that_cannot_even_be_read_holds_up_no_other(bench: Bench) -> None:
    broken = await add_trigger(bench.pool)
    query = (
        "UPDATE triggers SET schedule_config = '{}', next_scheduled_at = now() - interval '1 day' WHERE trigger_id = $1"
    )
    await bench.pool.execute(query, broken)
    good = await add_trigger(bench.pool)
    await fire_all(bench)
    assert len(await executions(bench.pool, good)) == 1
    row = await trigger_row(bench.pool, broken)
    assert (row["status"], row["next_scheduled_at"], row["last_execution_status"]) == ("failed", None, "FAILED")
    assert "schedule_config.interval_seconds" in row["last_execution_error"]


async def test_old_executions_go_with_their_tasks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trigger_runs, "KEPT", 2)
    trigger_id = await add_trigger(bench.pool, action=("retriever_execution", {"retriever_id": "ret_gone"}))
    again = "UPDATE triggers SET next_scheduled_at = now(), consecutive_failures = 0 WHERE trigger_id = $1"
    for _ in range(6):
        await bench.pool.execute(again, trigger_id)
        await fire_all(bench)
    kept = await executions(bench.pool, trigger_id)
    assert len(kept) == 3
    tasks = await bench.pool.fetch("SELECT task_id FROM tasks ORDER BY row_key")
    assert [row["task_id"] for row in tasks] == [each["task_id"] for each in kept]


async def test_a_lost_task_is_a_failure(bench: Bench) -> None:
    trigger_id = await add_trigger(bench.pool, due_in=3600)
    await bench.pool.execute("DELETE FROM tasks WHERE task_id = $1", await running_execution(bench.pool, trigger_id))
    await fire_all(bench)
    assert (await trigger_row(bench.pool, trigger_id))["last_execution_error"] == "Its task is gone."
