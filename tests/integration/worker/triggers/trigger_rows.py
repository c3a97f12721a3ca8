"""Triggers for tests, and what became of them."""

from typing import Any

from services.common.database.pool import Pool
from services.common.ids import new_id
from services.common.triggers.schedules import read_schedule
from tests.integration.worker.bench import COLLECTION, NAMESPACE
from tests.support.waiting import until

AGAIN = {"collection_id": COLLECTION, "dedup_strategy": "replace"}
INSERT = """
    INSERT INTO triggers (trigger_id, namespace_id, action_type, action_config, resource_id, trigger_type,
      schedule_config, event_type, watched_ids, status, next_scheduled_at)
    VALUES ($1, $2, $3, $4, coalesce($4::jsonb ->> 'alert_id', 'col'), $5, $6,
      $7, $8, $9, $10::float8 * interval '1 second' + now())"""


async def add_trigger(
    pool: Pool,
    trigger_type: str = "interval",
    schedule: dict[str, Any] | None = None,
    *,
    action: tuple[str, dict[str, Any]] = ("collection_trigger", AGAIN),
    status: str = "active",
    due_in: float | None = -600,
) -> str:
    """A trigger that has been due for ten minutes, or is due in `due_in` seconds; its id."""
    read = read_schedule(trigger_type, schedule or {"interval_seconds": 60})
    trigger_id, counted = new_id("trig", 12), getattr(read, "counted", None)
    config = read.model_dump(exclude_none=True)
    values = (NAMESPACE, *action, trigger_type, config, counted, [COLLECTION], status, due_in)
    await pool.execute(INSERT, trigger_id, *values)
    return trigger_id


async def trigger_row(pool: Pool, trigger_id: str) -> dict[str, Any]:
    """The row of a trigger."""
    row = await pool.fetchrow("SELECT * FROM triggers WHERE trigger_id = $1", trigger_id)
    assert row is not None
    return dict(row)


async def executions(pool: Pool, trigger_id: str) -> list[dict[str, Any]]:
    """The executions of a trigger, the oldest first."""
    query = "SELECT * FROM trigger_executions WHERE trigger_id = $1 ORDER BY row_key"
    return [dict(row) for row in await pool.fetch(query, trigger_id)]


async def events_of(pool: Pool, trigger_id: str) -> list[str]:
    """The types of the events of a trigger, the oldest first."""
    query = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    return [row["event_type"] for row in await pool.fetch(query, trigger_id)]


async def executed(pool: Pool, trigger_id: str, times: int = 1) -> dict[str, Any]:
    """The row of a trigger once so many of its executions have succeeded."""

    async def found() -> dict[str, Any] | None:
        row = await trigger_row(pool, trigger_id)
        return row if row["execution_count"] >= times else None

    row: dict[str, Any] = await until(found)
    return row


async def stuck_task(pool: Pool, status: str = "IN_PROGRESS") -> str:
    """A task that nobody works on."""
    task_id = new_id("task", 16)
    query = "INSERT INTO tasks (task_id, namespace_id, kind, task_type, status) VALUES ($1, $2, 'none', 'none', $3)"
    await pool.execute(query, task_id, NAMESPACE, status)
    return task_id


async def running_execution(pool: Pool, trigger_id: str) -> str:
    """An execution whose task never ends by itself; the task's id."""
    task_id = await stuck_task(pool)
    await pool.execute(
        """INSERT INTO trigger_executions (execution_id, trigger_id, namespace_id, task_id, cause, status)
           VALUES ($1, $2, $3, $4, 'request', 'PENDING')""",
        new_id("texec", 16),
        trigger_id,
        NAMESPACE,
        task_id,
    )
    return task_id
