"""The task that delivers again: what failed, what was missed, or what a receiver wants to have once more."""

from datetime import datetime
from typing import Any

from services.common.database.events.deliveries import ASKED, FOLLOWER, insert_sql
from services.common.database.pool import Connection
from services.common.errors import NotFoundError
from services.worker.kit.task import Done, JsonObject, Task

MOST = 10_000
LONGEST_SECONDS = 300.0
LOCK = "SELECT additional_data -> 'replayed' FROM tasks WHERE task_id = $1 FOR UPDATE"
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"
# Lanes are opened in no order here, and by the fan-out in theirs: they take turns.
TAKE_TURN = "SELECT FROM event_followers WHERE follower = $1 FOR UPDATE"
# Whoever records what became of deliveries locks their webhook before its lanes, which are opened again here.
HOLD = "SELECT webhook_id FROM webhooks WHERE webhook_id = $1 FOR NO KEY UPDATE"
AS_NEW = """status = 'pending', attempts = 0, due_at = now(), error = NULL, response_status = NULL, ended_at = NULL"""
# Deliveries that have ended, by id or by status and time; a channel that is gone has nothing to be told.
RESET = f"""
    WITH w AS (SELECT jsonb_array_length(channels) AS channels FROM webhooks WHERE webhook_id = $1),
    chosen AS (
      SELECT delivery_id FROM deliveries, w
      WHERE webhook_id = $1 AND status <> 'pending' AND channel < w.channels
        AND (delivery_id = ANY($2) OR (status = $3 AND created_at >= coalesce($4::timestamptz, '-infinity')
                                       AND created_at < coalesce($5::timestamptz, 'infinity')))
      ORDER BY seq, channel LIMIT $6)
    UPDATE deliveries d SET {AS_NEW} FROM chosen WHERE d.delivery_id = chosen.delivery_id"""  # noqa: S608
# Events that the webhook asks for, by id or by time, whether it heard of them before or not.
EVENTS = f"""(
    SELECT e.* FROM events e JOIN webhooks w ON w.webhook_id = $1 AND {ASKED}
    WHERE e.event_id = ANY($2) OR ($3 AND e.created_at >= coalesce($4::timestamptz, '-infinity')
                                   AND e.created_at < coalesce($5::timestamptz, 'infinity'))
    ORDER BY e.seq LIMIT $6) e"""  # noqa: S608
TELL = insert_sql(EVENTS, "w.webhook_id = $1") + (
    f" ON CONFLICT (delivery_id) DO UPDATE SET {AS_NEW} WHERE deliveries.status <> 'pending'"
)


async def replay_webhook(task: Task) -> Done:
    """Everything in one transaction, so that a second run finds it done, and each subject keeps its order."""
    async with task.pool.acquire() as connection, connection.transaction():
        replayed = await connection.fetchval(LOCK, task.task_id)
        if replayed is None:
            replayed = await _replay(connection, task.inputs)
            await connection.execute(NOTE, task.task_id, {"replayed": replayed})
    return Done(outputs={"webhook_id": task.inputs["webhook_id"], "replayed": replayed})


async def _replay(connection: Connection, inputs: JsonObject) -> int:
    webhook_id, status = inputs["webhook_id"], inputs.get("status")
    await connection.execute(TAKE_TURN, FOLLOWER)
    if await connection.fetchval(HOLD, webhook_id) is None:
        raise NotFoundError(f"No webhook '{webhook_id}'.", resource="webhook", id=webhook_id)
    since, until = _moment(inputs, "since"), _moment(inputs, "until")
    by_time = status is None and (since is not None or until is not None)
    reset = (inputs.get("delivery_ids", []), status, since, until, MOST)
    told = (inputs.get("event_ids", []), by_time, since, until, MOST)
    return await _changed(connection, RESET, webhook_id, *reset) + await _changed(connection, TELL, webhook_id, *told)


async def _changed(connection: Connection, sql: str, *values: Any) -> int:
    done = await connection.execute(sql, *values, timeout=LONGEST_SECONDS)
    return int(done.rpartition(" ")[2])


def _moment(inputs: JsonObject, name: str) -> datetime | None:
    return datetime.fromisoformat(inputs[name]) if name in inputs else None
