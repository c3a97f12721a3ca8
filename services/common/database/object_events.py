"""The events of objects."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.outbox import Event, record_all
from services.common.database.pool import Connection


async def tell_objects_gone(connection: Connection, rows: Sequence[asyncpg.Record], **why: Any) -> None:
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
