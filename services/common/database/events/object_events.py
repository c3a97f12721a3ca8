"""The events of objects."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.events.outbox import Event, record_all
from services.common.database.pool import Connection, Pool
from services.common.events.event_payloads import listed_ids


async def record_deleted_objects(connection: Connection, rows: Sequence[asyncpg.Record], **why: Any) -> None:
    """Tells of deleted objects, whose rows hold their object_id, namespace_id and bucket_id."""
    events = [
        Event(
            namespace_id=row["namespace_id"],
            event_type="object.deleted",
            subject_id=row["object_id"],
            payload={"bucket_id": row["bucket_id"], **why},
        )
        for row in rows
    ]
    await record_all(connection, events)


async def record_created_objects(pool: Pool, namespace_id: str, bucket_id: str, object_ids: Sequence[str]) -> None:
    """One event about the objects that one call has created, beside those of each object."""
    payload = {"bucket_id": bucket_id, **listed_ids("object", object_ids)}
    event = Event(namespace_id=namespace_id, event_type="objects.created.batch", subject_id=bucket_id, payload=payload)
    if object_ids:
        async with pool.acquire() as connection:
            await record_all(connection, [event])
