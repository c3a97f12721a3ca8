"""Deliveries that are made again: which, in what order, and once however often the task runs."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.common.database.events.deliveries import REPLAY
from services.common.database.pool import Pool
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.errors import NotFoundError
from services.worker.housekeeping.old_deliveries import prune_deliveries
from services.worker.kit.task import Task
from services.worker.tasks.replay_webhook import replay_webhook
from services.worker.webhooks.fan_out import FanOut
from tests.support.webhook_rows import Asked, add_webhook, happen

END = "UPDATE deliveries SET status = $2, attempts = 3, error = 'no', ended_at = now() WHERE subject = ANY($1)"
STATES = "SELECT subject, status, attempts FROM deliveries WHERE webhook_id = $1 ORDER BY seq"


async def replay(pool: Pool, webhook_id: str, *, runs: int = 1, **asked: Any) -> int:
    """How many deliveries the task has made again, after running it."""
    inputs = {"webhook_id": webhook_id, **asked}
    async with pool.acquire() as connection, connection.transaction():
        new = NewTask(kind=REPLAY, task_type="plugin_custom", namespace_id=None, inputs=inputs)
        task_id = await create_task(connection, new)
    for _ in range(runs):
        task = Task(pool=pool, task_id=task_id, namespace_id=None, inputs=inputs, additional_data={})
        done = await replay_webhook(task)
    return int(done.outputs["replayed"])


async def ended(pool: Pool, status: str, *subjects: str) -> None:
    await pool.execute(END, [f"object/{each}" for each in subjects], status)


async def states(pool: Pool, webhook_id: str) -> dict[str, tuple[str, int]]:
    rows = await pool.fetch(STATES, webhook_id)
    return {row["subject"].removeprefix("object/"): (row["status"], row["attempts"]) for row in rows}


async def told(pool: Pool, *subjects: str) -> None:
    for each in subjects:
        await happen(pool, each)
    await FanOut(pool).step()


async def test_what_failed_is_pending_again(pool: Pool) -> None:
    webhook = await add_webhook(pool)
    await told(pool, "a", "b", "c")
    await ended(pool, "failed", "a")
    await ended(pool, "delivered", "b")
    assert await replay(pool, webhook, status="failed") == 1
    assert await states(pool, webhook) == {"a": ("pending", 0), "b": ("delivered", 3), "c": ("pending", 0)}


async def test_times_narrow_a_status(pool: Pool) -> None:
    webhook = await add_webhook(pool)
    await told(pool, "a")
    await ended(pool, "failed", "a")
    later = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert await replay(pool, webhook, status="failed", since=later) == 0
    assert await replay(pool, webhook, status="failed", until=later) == 1


async def test_deliveries_are_named_one_by_one(pool: Pool) -> None:
    webhook, other = await add_webhook(pool), await add_webhook(pool)
    await told(pool, "a", "b")
    await ended(pool, "delivered", "a", "b")
    ids = {
        row["subject"]: row["delivery_id"]
        for row in await pool.fetch("SELECT * FROM deliveries WHERE webhook_id = $1", webhook)
    }
    assert await replay(pool, webhook, delivery_ids=[ids["object/b"], "dlv_unknown"]) == 1
    assert (await states(pool, webhook))["b"] == ("pending", 0)
    assert await replay(pool, other, delivery_ids=[ids["object/a"]]) == 0


async def test_events_from_before_the_webhook_are_told_of_in_their_order(pool: Pool) -> None:
    for subject in ("a", "b", "c"):
        await happen(pool, subject)
    await happen(pool, "other", "object.deleted")
    await happen(pool, "elsewhere", namespace_id="ns_2")
    webhook = await add_webhook(pool, Asked(namespace_ids=("ns_1",)))
    assert await FanOut(pool).step() is False
    assert await states(pool, webhook) == {}
    assert await replay(pool, webhook, since="2020-01-01T00:00:00Z") == 3
    assert list(await states(pool, webhook)) == ["a", "b", "c"]


async def test_an_event_of_another_namespace_cannot_be_had(pool: Pool) -> None:
    await happen(pool, "own")
    await happen(pool, "elsewhere", namespace_id="ns_2")
    webhook = await add_webhook(pool, Asked(namespace_ids=("ns_1",)))
    ids = [row["event_id"] for row in await pool.fetch("SELECT event_id FROM events")]
    assert await replay(pool, webhook, event_ids=ids) == 1
    assert list(await states(pool, webhook)) == ["own"]


async def test_a_second_run_of_the_task_does_nothing_more(pool: Pool) -> None:
    webhook = await add_webhook(pool)
    await told(pool, "a")
    await ended(pool, "failed", "a")
    await replay(pool, webhook, status="failed")
    await ended(pool, "failed", "a")
    assert await replay(pool, webhook, runs=2, status="failed") == 1
    inputs = {"webhook_id": webhook, "status": "failed"}
    await ended(pool, "failed", "a")
    task_id = await pool.fetchval("SELECT task_id FROM tasks ORDER BY created_at DESC LIMIT 1")
    task = Task(pool=pool, task_id=task_id, namespace_id=None, inputs=inputs, additional_data={})
    assert (await replay_webhook(task)).outputs["replayed"] == 1
    assert (await states(pool, webhook))["a"] == ("failed", 3)


async def test_a_webhook_that_was_deleted_fails_its_replay(pool: Pool) -> None:
    with pytest.raises(NotFoundError):
        await replay(pool, "wh_0000000000000000", status="failed")


async def test_what_ended_long_ago_is_forgotten_and_what_is_pending_never(pool: Pool) -> None:
    webhook = await add_webhook(pool)
    await told(pool, "a", "b", "c")
    await ended(pool, "delivered", "a", "b")
    await pool.execute("UPDATE deliveries SET ended_at = now() - interval '91 days' WHERE subject = 'object/a'")
    await pool.execute("UPDATE deliveries SET created_at = now() - interval '91 days' WHERE subject = 'object/c'")
    await prune_deliveries(pool, timedelta(days=90))
    assert list(await states(pool, webhook)) == ["b", "c"]


async def test_what_waits_for_a_webhook_that_is_off_is_forgotten_as_well(pool: Pool) -> None:
    off, paused, on = [await add_webhook(pool) for _ in range(3)]
    await told(pool, "old", "young")
    await pool.execute("UPDATE webhooks SET is_active = webhook_id <> $1", off)
    await pool.execute("UPDATE webhooks SET paused_at = now() WHERE webhook_id = $1", paused)
    await pool.execute("UPDATE deliveries SET created_at = now() - interval '91 days' WHERE subject = 'object/old'")
    await prune_deliveries(pool, timedelta(days=90))
    left = [list(await states(pool, each)) for each in (off, paused, on)]
    assert left == [["young"], ["young"], ["old", "young"]]
