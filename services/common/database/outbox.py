"""The transactional outbox: an event is written in the transaction of the change that it reports."""

from collections.abc import Sequence
from typing import Any

from services.common.database.pool import Connection
from services.common.ids import new_id


async def record_event(
    connection: Connection, namespace_id: str, event_type: str, subject_id: str, payload: dict[str, Any] | None = None
) -> None:
    """Adds an event such as `object.created`; its subject type is the part before the dot."""
    await connection.execute(
        """INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        new_id("evt", 20),
        namespace_id,
        event_type,
        event_type.split(".", maxsplit=1)[0],
        subject_id,
        payload or {},
    )


async def record_events(
    connection: Connection, namespace_id: str, event_type: str, subject_ids: Sequence[str], payload: dict[str, Any]
) -> None:
    """Adds one event per subject, all with the same payload, in one statement."""
    await connection.execute(
        """INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
           SELECT event_id, $3, $4, $5, subject_id, $6 FROM unnest($1::text[], $2::text[])
             AS event (event_id, subject_id)""",
        [new_id("evt", 20) for _ in subject_ids],
        list(subject_ids),
        namespace_id,
        event_type,
        event_type.split(".", maxsplit=1)[0],
        payload,
    )
