"""Changing triggers, each change in one transaction with its event."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.database.triggers.executions import REQUEST, Firing, begin, open_execution
from services.common.errors import AlreadyExistsError, BadRequestError
from services.common.json.equality import differing
from services.common.triggers.schedules import EventSchedule, crossing, first_time, next_time, read_schedule
from services.gateway.kit.rows.trigger_rows import change_trigger, delete_trigger
from services.gateway.kit.shapes import JsonObject
from services.gateway.triggers.plans import ACTIVE, plan_change

PAUSED = "paused"
COUNT_AGAIN = "UPDATE triggers SET counts_from = pg_current_xact_id() WHERE trigger_id = $1"


async def patch_trigger(connection: Connection, row: asyncpg.Record, changes: JsonObject) -> asyncpg.Record:
    """Changes what is given of a trigger that the caller has locked."""
    columns = {name: value for name, value in changes.items() if name != "schedule_config"}
    config = changes.get("schedule_config")
    if config is not None:
        refuse_owned(row)
        columns |= await _rescheduled(connection, row, config)
    status = columns.get("status") or row["status"]
    if "schedule_config" in columns or status != row["status"]:
        columns |= await _turned(connection, row, status, columns.get("schedule_config", row["schedule_config"]))
    return await change_trigger(connection, row["trigger_id"], columns)


async def _rescheduled(connection: Connection, row: asyncpg.Record, config: JsonObject) -> dict[str, Any]:
    """The columns of another schedule; none for the one that the trigger has, which then goes on from where it is."""
    columns = await plan_change(connection, row, config)
    says = {name: columns[name] for name in ("schedule_config", "event_type", "watched_ids")}
    return columns if differing(dict(row), says, list(says)) else {}


async def pause_trigger(connection: Connection, row: asyncpg.Record) -> asyncpg.Record:
    """Nothing fires until it is resumed; what runs goes on. One that is paused stays as it is."""
    if row["status"] == PAUSED:
        return row
    columns = await _turned(connection, row, PAUSED, row["schedule_config"])
    return await change_trigger(connection, row["trigger_id"], columns, "paused")


async def resume_trigger(connection: Connection, row: asyncpg.Record) -> asyncpg.Record:
    """Fires again from now on, with no failures to its name; one that is active stays as it is."""
    if row["status"] == ACTIVE:
        return row
    columns = await _turned(connection, row, ACTIVE, row["schedule_config"])
    return await change_trigger(connection, row["trigger_id"], columns, "resumed")


async def _turned(
    connection: Connection, row: asyncpg.Record, status: str, config: Mapping[str, Any]
) -> dict[str, Any]:
    """The columns of a trigger that is to have this status; what happens while it is not active does not count."""
    if status != ACTIVE:
        return {"status": status, "next_scheduled_at": None}
    schedule, now = read_schedule(row["trigger_type"], config, stored=True), datetime.now(UTC)
    due = first_time(schedule, now) if row["status"] == ACTIVE else next_time(schedule, now)
    if isinstance(schedule, EventSchedule) and crossing(row["event_counter"], schedule.event_threshold).times:
        due = now
    if row["status"] == ACTIVE:
        return {"status": status, "next_scheduled_at": due}
    await connection.execute(COUNT_AGAIN, row["trigger_id"])
    return {"status": status, "next_scheduled_at": due, "consecutive_failures": 0}


async def execute_now(connection: Connection, row: asyncpg.Record) -> str:
    """Begins an execution whatever the schedule says; the id of its task."""
    running = await open_execution(connection, row["trigger_id"])
    if running is not None:
        message = f"Trigger '{row['trigger_id']}' still runs as task '{running['task_id']}'; wait for it or delete it."
        raise AlreadyExistsError(message, reason="STILL_RUNNING", resource="task", id=running["task_id"])
    return await begin(connection, row, Firing(cause=REQUEST))


async def remove_trigger(connection: Connection, row: asyncpg.Record) -> None:
    """Deletes a trigger."""
    refuse_owned(row)
    await delete_trigger(connection, row)


def refuse_owned(row: asyncpg.Record) -> None:
    """BadRequestError for the schedule of a collection, which says so itself."""
    owner = row["of_collection_id"]
    if owner is not None:
        message = f"This trigger is the schedule of collection '{owner}'; change it with PATCH /collections/{owner}."
        raise BadRequestError(message, reason="OF_COLLECTION", resource="collection", id=owner)
