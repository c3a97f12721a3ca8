"""Webhooks and events straight in the database, and what came of them."""

from dataclasses import dataclass
from typing import Any

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Executor, Pool
from services.common.ids import new_id

RECEIVER = {"channel": "webhook", "configs": {"url": "http://receiver.example/", "method": "POST", "timeout": 10.0}}
INSERT = """
    INSERT INTO webhooks (webhook_id, webhook_name, namespace_ids, event_types, resource_types, channels, is_active,
                          paused_at)
    VALUES ($1, $1, $2, $3, $4, $5, $6, CASE WHEN $7 THEN now() END)"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a webhook asks for."""

    event_types: tuple[str, ...] = ("object.created",)
    namespace_ids: tuple[str, ...] | None = None
    resource_types: tuple[str, ...] | None = None
    channels: int = 1
    is_active: bool = True
    is_paused: bool = False


async def add_webhook(db: Executor, asked: Asked | None = None) -> str:
    """Stores a webhook; returns its id."""
    webhook_id, asked = new_id("wh", 16), asked or Asked()
    channels = [RECEIVER] * asked.channels
    await db.execute(
        INSERT,
        webhook_id,
        asked.namespace_ids,
        asked.event_types,
        asked.resource_types,
        channels,
        asked.is_active,
        asked.is_paused,
    )
    return webhook_id


async def tell(
    db: Connection,
    subject_id: str = "a",
    event_type: str = "object.created",
    namespace_id: str = "ns_1",
    **payload: Any,
) -> None:
    """Records an event, in the caller's transaction."""
    await record_event(db, namespace_id, event_type, subject_id, payload)


async def happen(pool: Pool, subject_id: str = "a", event_type: str = "object.created", **other: Any) -> None:
    """Records an event in a transaction of its own."""
    async with pool.acquire() as connection, connection.transaction():
        await tell(connection, subject_id, event_type, **other)


async def delivered_to(pool: Pool, webhook_id: str, channel: int = 0) -> list[str]:
    """The subjects of the deliveries to a channel, in the order in which they were made."""
    rows = await pool.fetch(
        "SELECT subject FROM deliveries WHERE webhook_id = $1 AND channel = $2 ORDER BY row_key", webhook_id, channel
    )
    return [row["subject"] for row in rows]
