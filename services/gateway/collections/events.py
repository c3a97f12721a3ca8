"""The events of collections, and of the taxonomies that live inside of them."""

from collections.abc import Iterable
from typing import Any

import asyncpg

from services.common.database.events.outbox import Event, record_all, record_event
from services.common.database.pool import Connection
from services.common.events.event_payloads import MOST_IDS, changed_fields

JsonObject = dict[str, Any]
DISABLE_DEPENDENTS = """
    UPDATE collections SET enabled = false, updated_at = now(),
      settings = settings || jsonb_build_object('disabled_reason', jsonb_build_object(
        'code', 'source_collection_deleted', 'source_collection_id', $1::text, 'disabled_at', now(),
        'message', 'Its source collection ' || $1::text || ' was deleted'))
    WHERE source_collection_ids @> ARRAY[$1::text] RETURNING *"""
# An inline taxonomy goes and changes with its collection.
INLINE = (
    "SELECT taxonomy_id, namespace_id, taxonomy_name, collection_id, version FROM taxonomies WHERE collection_id = $1"
)


def event_payload(row: asyncpg.Record) -> JsonObject:
    """What every event of a collection says of it."""
    sources = {name: row[name][:MOST_IDS] for name in ("bucket_ids", "source_collection_ids")}
    return {"collection_id": row["collection_id"], "collection_name": row["collection_name"], **sources}


async def record_collection_events(
    connection: Connection, verb: str, rows: Iterable[asyncpg.Record], *fields: str, **more: Any
) -> None:
    """`collection.<verb>` of each row, with the names of the fields that changed."""
    changed = changed_fields(fields) if fields else {}
    events = [
        Event(
            namespace_id=row["namespace_id"],
            event_type=f"collection.{verb}",
            subject_id=row["collection_id"],
            payload={**event_payload(row), **changed, **more},
        )
        for row in rows
    ]
    await record_all(connection, events)


async def record_inline_taxonomy_event(connection: Connection, verb: str, collection_id: str) -> None:
    """`taxonomy.<verb>` of the inline taxonomy that a collection has, if it has one."""
    row = await connection.fetchrow(INLINE, collection_id)
    if row is not None:
        payload = {name: row[name] for name in ("taxonomy_name", "collection_id", "version")}
        await record_event(connection, row["namespace_id"], f"taxonomy.{verb}", row["taxonomy_id"], payload)


async def disable_dependents(connection: Connection, collection_id: str) -> None:
    """Disables the collections that are made from one that goes; they say why."""
    rows = await connection.fetch(DISABLE_DEPENDENTS, collection_id)
    await record_collection_events(connection, "updated", rows, "enabled", disabled_by=collection_id)
