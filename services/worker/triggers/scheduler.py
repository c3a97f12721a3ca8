"""Fires triggers that are due, one at a time; several workers never fire the same one twice.

The next time is reckoned from now: what was missed while nobody was there is done once.
"""

from datetime import UTC, datetime

import asyncpg
import structlog

from services.common.database.pool import Connection, Pool
from services.common.database.triggers.executions import EVENTS, SCHEDULE, Firing, fail, fire, open_execution, skip
from services.common.errors import LikenessError
from services.common.triggers.schedules import ConditionSchedule, EventSchedule, crossing, next_time, read_schedule
from services.worker.kit.database_outages import is_outage
from services.worker.triggers.trigger_conditions import look

DUE = """
    SELECT * FROM triggers t WHERE status = 'active' AND next_scheduled_at <= now()
      AND (trigger_type <> 'event' OR NOT EXISTS (
        SELECT FROM trigger_executions x WHERE x.trigger_id = t.trigger_id AND x.ended_at IS NULL))
    ORDER BY next_scheduled_at, trigger_id LIMIT 1 FOR UPDATE SKIP LOCKED"""
LOCK = "SELECT * FROM triggers WHERE trigger_id = $1 FOR UPDATE"
PLAN = "UPDATE triggers SET next_scheduled_at = $2 WHERE trigger_id = $1"
STOP = "UPDATE triggers SET next_scheduled_at = $2, status = $3 WHERE trigger_id = $1 RETURNING *"
TAKE = """
    UPDATE triggers SET event_counter = $2, next_scheduled_at = NULL,
      last_cooldown_at = CASE WHEN $3 THEN now() ELSE last_cooldown_at END
    WHERE trigger_id = $1"""
log = structlog.get_logger()


class Scheduler:
    """The step of a loop."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """Fires what has been due the longest; whether there was anything."""
        trigger = None
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                trigger = await connection.fetchrow(DUE)
                if trigger is not None:
                    await _turn(connection, trigger)
        except Exception as error:
            if trigger is None or is_outage(error):
                raise
            await self._give_up_turn(trigger["trigger_id"], error)
        return trigger is not None

    async def _give_up_turn(self, trigger_id: str, error: Exception) -> None:
        """Notes the failure, so that one trigger that cannot be fired holds up no other."""
        if isinstance(error, LikenessError):
            message, status = error.message, "failed"
        else:
            log.exception("trigger", trigger_id=trigger_id)
            message, status = f"INTERNAL: {type(error).__name__}; see the worker's log", "active"
        async with self._pool.acquire() as connection, connection.transaction():
            trigger = await connection.fetchrow(LOCK, trigger_id)
            if trigger is not None:
                due = _next_of(trigger) if status == "active" else None
                stopped = await connection.fetchrow(STOP, trigger_id, due, status)
                assert stopped is not None
                await fail(connection, stopped, Firing(cause=SCHEDULE), message)


async def _turn(connection: Connection, trigger: asyncpg.Record) -> None:
    schedule = read_schedule(trigger["trigger_type"], trigger["schedule_config"], stored=True)
    if isinstance(schedule, EventSchedule):
        await _after_events(connection, trigger, schedule)
        return
    running = await open_execution(connection, trigger["trigger_id"])
    await connection.execute(PLAN, trigger["trigger_id"], next_time(schedule, datetime.now(UTC)))
    if isinstance(schedule, ConditionSchedule):
        firing = None if running else await look(connection, trigger, schedule)
        if firing is not None:
            await fire(connection, trigger, firing)
    elif running is not None:
        await skip(connection, trigger, Firing(cause=SCHEDULE), running)
    else:
        await fire(connection, trigger, Firing(cause=SCHEDULE))


async def _after_events(connection: Connection, trigger: asyncpg.Record, schedule: EventSchedule) -> None:
    """Fires once for all that has come together, also while it had to wait."""
    crossed = crossing(trigger["event_counter"], schedule.event_threshold)
    await connection.execute(TAKE, trigger["trigger_id"], crossed.rest, schedule.cooldown_seconds > 0)
    if crossed.times:
        await fire(connection, trigger, Firing(cause=EVENTS, times=crossed.times))


def _next_of(trigger: asyncpg.Record) -> datetime | None:
    """When to try again; with the next event, where only events decide."""
    return next_time(read_schedule(trigger["trigger_type"], trigger["schedule_config"], stored=True), datetime.now(UTC))
