"""The feed of events."""

from datetime import UTC, datetime
from typing import Annotated

import asyncpg
from pydantic import Field

from services.common.events.event_types import EventType, operation_of
from services.gateway.kit.shapes import Answer, JsonObject, QueryForm

PAGE_SIZE = 100
Size = Annotated[int | None, Field(ge=1, le=1000)]


class EventsQuery(QueryForm):
    """What to read of the feed, and where to go on."""

    cursor: Annotated[str | None, Field(description="`next_cursor` of the page before; without it, the oldest")] = None
    next_cursor: Annotated[str | None, Field(description="Same as cursor")] = None
    after: Annotated[str | None, Field(description="Same as cursor")] = None
    namespace_id: Annotated[str | None, Field(description="Id or name; must agree with X-Namespace")] = None
    event_type: EventType | None = None
    limit: Size = None
    page_size: Size = None

    @property
    def place(self) -> str | None:
        """The cursor under any of its names."""
        return self.cursor or self.next_cursor or self.after

    @property
    def size(self) -> int:
        """How many events at most."""
        return self.limit or self.page_size or PAGE_SIZE


class ChangeEvent(Answer):
    """ChangeEventResponse, with the id by which readers tell what they have seen, and of what it is."""

    seq: int
    cursor: str
    event_id: str
    namespace_id: str | None
    event_type: str
    resource_type: str
    resource_id: str
    operation: str
    payload: JsonObject | None
    trace_id: str | None = None
    created_at: datetime


class EventList(Answer):
    """ListEventsResponse: where to go on, also after an empty page."""

    results: list[ChangeEvent]
    next_cursor: str | None
    has_more: bool


def event_answer(row: asyncpg.Record, cursor: str) -> JsonObject:
    """One event as ChangeEvent."""
    return {
        "seq": row["seq"],
        "cursor": cursor,
        "event_id": row["event_id"],
        "namespace_id": row["namespace_id"],
        "event_type": row["event_type"],
        "resource_type": row["subject_type"],
        "resource_id": row["subject_id"],
        "operation": operation_of(row["event_type"]),
        "payload": _own_id(row) | row["payload"],
        "trace_id": None,
        "created_at": row["created_at"].astimezone(UTC),
    }


def _own_id(row: asyncpg.Record) -> JsonObject:
    """The id of what an event is about, which the contract's answer has no field for; a batch is about many."""
    return {} if row["event_type"].endswith(".batch") else {f"{row['subject_type']}_id": row["subject_id"]}
