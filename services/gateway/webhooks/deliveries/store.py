"""Deliveries of webhooks in the database, as their owners look at them."""

from services.common.database.events.deliveries import insert_sql
from services.common.database.pool import Connection
from services.common.events.event_types import TEST
from services.common.filters.tables import Column, Kind, Table
from services.common.ids import new_id
from services.gateway.kit.lists.page_sql import Listing

DELIVERIES = Table(
    alias="d",
    columns={
        "delivery_id": Column("delivery_id"),
        "event_id": Column("event_id"),
        "event_type": Column("event_type"),
        "namespace_id": Column("namespace_id"),
        "subject.type": Column("subject_type"),
        "subject.id": Column("subject_id"),
        "channel": Column("channel", Kind.OTHER),
        "channel_type": Column("channel_type"),
        "status": Column("status"),
        "attempts": Column("attempts", Kind.OTHER),
        "response_status": Column("response_status", Kind.OTHER),
        "error": Column("error"),
        "next_attempt_at": Column("due_at", Kind.TIME),
        "created_at": Column("created_at", Kind.TIME),
        "ended_at": Column("ended_at", Kind.TIME),
    },
    prefixes={},
)
SOURCE = """(SELECT deliveries.*, event_type, subject_type, subject_id, payload AS fields
    FROM deliveries JOIN events USING (event_id)) d"""
LIST_DELIVERIES = Listing(table=DELIVERIES, source=SOURCE, columns="d.*", key="d.row_key")
SEARCH_DELIVERIES = "d.delivery_id ILIKE {pattern} OR d.subject ILIKE {pattern} OR d.error ILIKE {pattern}"
MATCHES = "d.webhook_id = $1 AND ($2::text IS NULL OR d.status = $2) AND ($3::text IS NULL OR d.event_type = $3)"

# No webhook can ask for events of this type, so only the one that is tested hears of it.
RECORD_TEST = """
    INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
    VALUES ($1, $2, $3, 'webhook', $4, '{}')"""
DELIVER_TEST = insert_sql("events e", "e.event_id = $1 AND w.webhook_id = $2") + " RETURNING delivery_id"


async def send_test(connection: Connection, webhook_id: str, namespace_id: str) -> tuple[str, list[str]]:
    """Records a test event and its deliveries; returns their ids."""
    event_id = new_id("evt", 20)
    await connection.execute(RECORD_TEST, event_id, namespace_id, TEST, webhook_id)
    rows = await connection.fetch(DELIVER_TEST, event_id, webhook_id)
    return event_id, [row["delivery_id"] for row in rows]
