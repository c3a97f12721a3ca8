"""Deliveries of a webhook, and asking for them again."""

from datetime import datetime
from typing import Annotated, Literal

import asyncpg
from pydantic import Field, model_validator

from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Answer, Form, Moment

DeliveryStatus = Literal["pending", "delivered", "failed", "canceled"]
Ids = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(min_length=1, max_length=1000)]


class DeliveryListBody(ListBody):
    """Which deliveries to list."""

    status: DeliveryStatus | None = None
    event_type: Annotated[str | None, Field(max_length=100)] = None


class ReplayForm(Form):
    """What to deliver again: these deliveries, these events, or all that ended with a status or lie between two times.

    With a status the times are those of the deliveries, else of the events, also of events older than the webhook.
    """

    delivery_ids: Ids | None = None
    event_ids: Ids | None = None
    status: Literal["failed", "delivered", "canceled"] | None = None
    since: Moment | None = None
    until: Moment | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "ReplayForm":
        if not self.model_dump(exclude_none=True):
            message = "name delivery_ids, event_ids, a status, since or until"
            raise ValueError(message)
        return self


class Subject(Answer):
    """What an event is about."""

    type: str
    id: str


class Delivery(Answer):
    """One event on its way to one channel; `next_attempt_at` is null once it has ended."""

    delivery_id: str
    webhook_id: str
    event_id: str
    event_type: str
    namespace_id: str
    subject: Subject
    channel: int
    channel_type: str
    status: DeliveryStatus
    attempts: int
    next_attempt_at: datetime | None
    response_status: int | None
    error: str | None
    created_at: datetime
    ended_at: datetime | None


class DeliveryList(Answer):
    """A page of deliveries."""

    results: list[Delivery]
    pagination: Pagination


class TestSent(Answer):
    """The deliveries of a test event, one for each channel."""

    event_id: str
    delivery_ids: list[str]


def to_delivery(row: asyncpg.Record) -> Delivery:
    """A delivery from its row and its event's."""
    given = ("subject", "next_attempt_at")
    taken = {name: row[name] for name in Delivery.model_fields if name not in given}
    return Delivery(
        **taken,
        subject=Subject(type=row["subject_type"], id=row["subject_id"]),
        next_attempt_at=row["due_at"] if row["status"] == "pending" else None,
    )
