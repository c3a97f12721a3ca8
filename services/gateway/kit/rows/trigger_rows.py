"""Storing triggers, those that are asked for and those of collections' schedules; each change with its event."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection
from services.common.ids import new_id
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.shapes import JsonObject

SHOWN = ("trigger_id", "name", "action_type", "trigger_type", "resource_id", "status")


@dataclass(frozen=True, kw_only=True)
class NewTrigger:
    """A trigger about to be stored, everything that it names resolved."""

    namespace_id: str
    name: str | None
    description: str | None
    action_type: str
    action_config: JsonObject
    resource_id: str
    execution_config: JsonObject | None
    trigger_type: str
    schedule_config: JsonObject
    event_type: str | None
    watched_ids: list[str]
    status: str
    next_scheduled_at: datetime | None
    of_collection_id: str | None = None
    created_by: str | None = None


async def insert_trigger(connection: Connection, new: NewTrigger) -> asyncpg.Record:
    """Stores a trigger; its row."""
    columns = {"trigger_id": new_id("trig", 12), **vars(new)}
    places = ", ".join(f"${number}" for number in range(1, len(columns) + 1))
    sql = f"INSERT INTO triggers ({', '.join(columns)}) VALUES ({places}) RETURNING *"  # noqa: S608
    row = await connection.fetchrow(sql, *columns.values())
    assert row is not None
    await record_trigger_event(connection, "created", row)
    return row


async def change_trigger(
    connection: Connection, trigger_id: str, columns: Mapping[str, Any], event: str = "updated"
) -> asyncpg.Record:
    """Changes the columns of a trigger that the caller has locked, and tells of it; its row then."""
    change = await change_row(connection, "triggers", "trigger_id", trigger_id, columns)
    assert change is not None
    if change.columns:
        await record_trigger_event(connection, event, change.row)
    return change.row


async def delete_trigger(connection: Connection, row: asyncpg.Record) -> None:
    """Deletes a trigger with its history; what it has started goes on."""
    await connection.execute("DELETE FROM triggers WHERE trigger_id = $1", row["trigger_id"])
    await record_trigger_event(connection, "deleted", row)


async def record_trigger_event(connection: Connection, what: str, row: asyncpg.Record) -> None:
    """The event of a change."""
    payload = {name: row[name] for name in SHOWN}
    await record_event(connection, row["namespace_id"], f"trigger.{what}", row["trigger_id"], payload)
