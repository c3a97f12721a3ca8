"""The transactional outbox: an event is written in the transaction of the change that it reports."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.common.database.pool import Connection
from services.common.events.event_types import resource_type_of
from services.common.ids import new_id

RECORD = """
    INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])"""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something that happened to its subject; the subject's type follows from the event's unless it is named."""

    namespace_id: str
    event_type: str
    subject_id: str
    payload: dict[str, Any] = field(default_factory=dict)
    subject_type: str | None = None


def new_event_id() -> str:
    """The id of an event, by which its consumers tell that they have seen it already."""
    return new_id("evt", 20)


async def record_all(connection: Connection, events: Sequence[Event]) -> None:
    """Adds events of any kinds in their order, in one statement."""
    if not events:
        return
    await connection.execute(
        RECORD,
        [new_event_id() for _ in events],
        [event.namespace_id for event in events],
        [event.event_type for event in events],
        [event.subject_type or resource_type_of(event.event_type) for event in events],
        [event.subject_id for event in events],
        [event.payload for event in events],
    )


async def record_event(
    connection: Connection, namespace_id: str, event_type: str, subject_id: str, payload: dict[str, Any] | None = None
) -> None:
    """Adds an event such as `object.created`."""
    event = Event(namespace_id=namespace_id, event_type=event_type, subject_id=subject_id, payload=payload or {})
    await record_all(connection, [event])
