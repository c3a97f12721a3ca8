"""Executions of triggers: begun by the clock, by events, by a condition or by somebody; each step in one transaction.

Whoever begins or ends one holds the lock on the row of its trigger.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection
from services.common.database.tasks.alert_evaluation import EVALUATE_ALERT
from services.common.database.tasks.create_task import OPEN as OPEN_TASKS
from services.common.database.tasks.create_task import PENDING
from services.common.database.triggers.start_action import RUN_RETRIEVER, start_action
from services.common.errors import LikenessError
from services.common.events.event_payloads import shortened
from services.common.ids import new_id
from services.common.triggers.actions import read_action
from services.common.triggers.after_execution import FAILED, SKIPPED, Standing, reason_of, standing_after

SCHEDULE, EVENTS, CONDITION, REQUEST = "schedule", "events", "condition", "request"
KEPT = 1000
OWN_KINDS = (RUN_RETRIEVER, EVALUATE_ALERT, "trigger")
OPEN = "SELECT * FROM trigger_executions WHERE trigger_id = $1 AND ended_at IS NULL"
INSERT = """
    INSERT INTO trigger_executions (execution_id, trigger_id, namespace_id, task_id, cause, times, snapshot, centroids,
      status, error, ended_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, CASE WHEN $9 <> 'PENDING' THEN now() END)"""
# Tasks that only triggers make go with their execution; those of runs and batches are their own history.
PRUNE = """
    WITH old AS (
      DELETE FROM trigger_executions WHERE trigger_id = $1 AND ended_at IS NOT NULL AND row_key < (
        SELECT row_key FROM trigger_executions WHERE trigger_id = $1 ORDER BY row_key DESC OFFSET $2 LIMIT 1)
      RETURNING task_id)
    DELETE FROM tasks t USING old WHERE t.task_id = old.task_id AND t.kind = ANY($3) AND t.status <> ALL($4)"""
BEGUN = """
    UPDATE triggers SET last_triggered_at = now(), last_execution_task_id = $2, last_execution_status = $3
    WHERE trigger_id = $1"""
# A failed task stands for what could not even begin, so that it can be looked up like any other.
FAILED_TASK = """
    INSERT INTO tasks (task_id, namespace_id, kind, task_type, status, inputs, error)
    VALUES ($1, $2, 'trigger', 'materialize', 'FAILED', $3, $4)"""
END = """
    UPDATE trigger_executions SET status = $2, error = $3, ended_at = now()
    WHERE execution_id = $1 AND ended_at IS NULL RETURNING *"""
STAND = """
    UPDATE triggers SET last_execution_status = $2, last_execution_error = $3, consecutive_failures = $4,
      execution_count = $5, status = CASE WHEN $6 THEN 'failed' ELSE status END,
      next_scheduled_at = CASE WHEN $6 THEN NULL ELSE next_scheduled_at END
    WHERE trigger_id = $1"""
MEASURED_FROM = "UPDATE triggers SET baseline_snapshot = $2, baseline_centroids = $3 WHERE trigger_id = $1"


@dataclass(frozen=True, kw_only=True)
class Firing:
    """Why a trigger fires; `snapshot` and `centroids` are what a condition measured."""

    cause: str
    times: int = 1
    snapshot: Mapping[str, Any] | None = None
    centroids: Mapping[str, Any] | None = None


async def open_execution(connection: Connection, trigger_id: str) -> asyncpg.Record | None:
    """The execution that still runs."""
    return await connection.fetchrow(OPEN, trigger_id)


async def fire(connection: Connection, trigger: asyncpg.Record, firing: Firing) -> str:
    """Begins an execution; the id of its task, which has failed already when the action could not begin."""
    try:
        async with connection.transaction():
            return await begin(connection, trigger, firing)
    except LikenessError as error:
        return await fail(connection, trigger, firing, error.message)


async def begin(connection: Connection, trigger: asyncpg.Record, firing: Firing) -> str:
    """Makes the action's task and the execution that waits for it; LikenessError when what it names is gone."""
    action = read_action(trigger["action_type"], trigger["action_config"], stored=True)
    task_id = await start_action(connection, trigger["namespace_id"], action)
    await _add(connection, trigger, firing, task_id)
    return task_id


async def fail(connection: Connection, trigger: asyncpg.Record, firing: Firing, error: str) -> str:
    """Notes an execution that could not begin."""
    task_id = new_id("task", 16)
    inputs = {"trigger_id": trigger["trigger_id"], "action_type": trigger["action_type"]}
    await connection.execute(FAILED_TASK, task_id, trigger["namespace_id"], inputs, error)
    execution_id = await _add(connection, trigger, firing, task_id)
    await end(connection, trigger, execution_id, FAILED, error)
    return task_id


async def skip(connection: Connection, trigger: asyncpg.Record, firing: Firing, running: asyncpg.Record) -> None:
    """Notes a turn that was let pass, because the execution before it still runs."""
    why = f"Skipped: the execution of {running['triggered_at']:%Y-%m-%d %H:%M:%S} UTC still runs."
    await _insert(connection, trigger, firing, running["task_id"], why)


async def end(
    connection: Connection, trigger: asyncpg.Record, execution_id: str, status: str, error: str | None
) -> None:
    """Writes down how an execution ended and what that means for its trigger; nothing when it has ended before."""
    ended = await connection.fetchrow(END, execution_id, status, error)
    if ended is None:
        return
    counts = {name: trigger[name] for name in ("consecutive_failures", "execution_count")}
    standing = standing_after(status, Standing(**counts))
    told = reason_of(standing.consecutive_failures, error) if standing.gives_up else error
    values = (status, told, standing.consecutive_failures, standing.execution_count, standing.gives_up)
    await connection.execute(STAND, trigger["trigger_id"], *values)
    if standing.execution_count > trigger["execution_count"] and ended["snapshot"] is not None:
        await connection.execute(MEASURED_FROM, trigger["trigger_id"], ended["snapshot"], ended["centroids"])
    event = "trigger.execution.failed" if status == FAILED else "trigger.execution.completed"
    state = {
        "status": status,
        "error": shortened(told),
        "trigger_status": "failed" if standing.gives_up else trigger["status"],
    }
    await _tell(connection, trigger, event, ended["task_id"], {"execution_id": execution_id, **state})


async def _add(connection: Connection, trigger: asyncpg.Record, firing: Firing, task_id: str) -> str:
    execution_id = await _insert(connection, trigger, firing, task_id)
    await connection.execute(BEGUN, trigger["trigger_id"], task_id, PENDING)
    about = {"execution_id": execution_id, "cause": firing.cause, "times": firing.times}
    await _tell(connection, trigger, "trigger.fired", task_id, about)
    return execution_id


async def _insert(
    connection: Connection, trigger: asyncpg.Record, firing: Firing, task_id: str, why_skipped: str | None = None
) -> str:
    execution_id = new_id("texec", 16)
    values = (trigger["trigger_id"], trigger["namespace_id"], task_id, firing.cause, firing.times)
    state = (SKIPPED if why_skipped else PENDING, why_skipped)
    await connection.execute(INSERT, execution_id, *values, firing.snapshot, firing.centroids, *state)
    await connection.execute(PRUNE, trigger["trigger_id"], KEPT, OWN_KINDS, OPEN_TASKS)
    return execution_id


async def _tell(
    connection: Connection, trigger: asyncpg.Record, event: str, task_id: str, about: Mapping[str, Any]
) -> None:
    same = {name: trigger[name] for name in ("trigger_id", "name", "action_type", "trigger_type", "resource_id")}
    payload = {**same, "task_id": task_id, **about}
    await record_event(connection, trigger["namespace_id"], event, trigger["trigger_id"], payload)
