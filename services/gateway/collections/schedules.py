"""Schedules of collections: each is a trigger of the collection's own, made, changed and deleted with it."""

from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.triggers.actions import COLLECTION, CollectionAction
from services.common.triggers.schedules import first_time, read_schedule
from services.gateway.kit.rows.trigger_rows import (
    NewTrigger,
    change_trigger,
    delete_trigger,
    insert_trigger,
    record_trigger_event,
)
from services.gateway.kit.shapes import JsonObject

PATH = "body.schedule.schedule_config"
OWN = "SELECT * FROM triggers WHERE of_collection_id = $1 FOR UPDATE"
# What watches nothing any more, or is to process what is gone, could only ever fail.
ORPHANS = """
    SELECT trigger_id FROM triggers
    WHERE status <> 'failed' AND of_collection_id IS NULL AND namespace_id = $1 AND (
      action_config ->> 'collection_id' = $2
      OR (watched_ids @> ARRAY[$2::text] AND array_remove(watched_ids, $2) = '{}'))
    ORDER BY trigger_id FOR UPDATE"""
FAIL = """
    UPDATE triggers SET status = 'failed', next_scheduled_at = NULL, last_execution_error = $2, updated_at = now()
    WHERE trigger_id = ANY($1) RETURNING *"""


async def keep_schedule(
    connection: Connection, namespace_id: str, collection_id: str, name: str, schedule: JsonObject | None
) -> None:
    """Makes the collection's trigger as its schedule says; without a schedule it has none."""
    row = await connection.fetchrow(OWN, collection_id)
    if schedule is None:
        if row is not None:
            await delete_trigger(connection, row)
        return
    columns = _columns(schedule)
    if row is None:
        await insert_trigger(connection, _new(namespace_id, collection_id, name, columns))
    else:
        due = columns["next_scheduled_at"] if row["status"] == "active" else None
        await change_trigger(connection, row["trigger_id"], {**columns, "next_scheduled_at": due})


async def orphan_triggers(connection: Connection, namespace_id: str, collection_id: str) -> None:
    """Before a collection goes: its schedule goes too, and triggers that need it say that they have failed."""
    row: asyncpg.Record | None = await connection.fetchrow(OWN, collection_id)
    if row is not None:
        await delete_trigger(connection, row)
    orphans = [each["trigger_id"] for each in await connection.fetch(ORPHANS, namespace_id, collection_id)]
    for failed in await connection.fetch(FAIL, orphans, f"Its collection '{collection_id}' was deleted."):
        await record_trigger_event(connection, "updated", failed)


def _columns(schedule: JsonObject) -> dict[str, Any]:
    read = read_schedule(schedule["trigger_type"], schedule["schedule_config"], PATH)
    return {
        "trigger_type": schedule["trigger_type"],
        "schedule_config": read.model_dump(exclude_none=True),
        "description": schedule.get("description"),
        "next_scheduled_at": first_time(read, datetime.now(UTC)),
    }


def _new(namespace_id: str, collection_id: str, name: str, columns: dict[str, Any]) -> NewTrigger:
    action = CollectionAction(collection_id=collection_id)
    return NewTrigger(
        namespace_id=namespace_id,
        name=f"Schedule of {name}",
        action_type=COLLECTION,
        action_config=action.model_dump(exclude_none=True),
        resource_id=collection_id,
        execution_config=None,
        event_type=None,
        watched_ids=[],
        status="active",
        of_collection_id=collection_id,
        **columns,
    )
