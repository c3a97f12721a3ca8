"""A bench for deliveries: webhooks, events and deliveries in a real database, and deliverers to work on them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.common.database.events.outbox import record_event
from services.common.database.pool import Pool, open_pool
from services.common.ids import new_id
from services.common.settings import Settings
from services.worker.kit.loops import Loop, run_loops
from services.worker.webhooks.deliverer import LOOK_SECONDS, open_deliverer
from tests.support.waiting import until

NAMESPACE = "ns_1"
JsonObject = dict[str, Any]


@dataclass(kw_only=True)
class DeliveryBench:
    """The database, and what tests ask of it."""

    pool: Pool
    settings: Settings
    made: list[str] = field(default_factory=list)

    async def webhook(self, *channels: JsonObject, **columns: Any) -> str:
        """A webhook with these channels, `{"channel": .., "configs": ..}` each."""
        webhook_id = new_id("wh", 16)
        await self.pool.execute(
            "INSERT INTO webhooks (webhook_id, webhook_name, event_types, channels) VALUES ($1, $1, '{}', $2)",
            webhook_id,
            list(channels),
        )
        for name, value in columns.items():
            await self.pool.execute(f"UPDATE webhooks SET {name} = $2 WHERE webhook_id = $1", webhook_id, value)
        return webhook_id

    async def to_url(self, url: str, **configs: Any) -> str:
        """A webhook that posts to the URL."""
        return await self.webhook({"channel": "webhook", "configs": {"url": url, **configs}})

    async def happen(
        self, webhook_id: str, subjects: Sequence[str], payload: JsonObject | None = None, channel: int = 0
    ) -> list[str]:
        """Events about these subjects, in order, each to be told; returns their ids."""
        async with self.pool.acquire() as connection, connection.transaction():
            before = await connection.fetchval("SELECT coalesce(max(seq), 0) FROM events")
            for subject in subjects:
                await record_event(connection, NAMESPACE, "object.created", subject, payload or {"n": 1})
            rows = await connection.fetch(
                """INSERT INTO deliveries (delivery_id, namespace_id, webhook_id, channel, channel_type, event_id,
                     subject, seq)
                   SELECT 'del_' || event_id || '_' || $1 || '_' || $4::int, $2, $1, $4::int, 'webhook', event_id,
                     'object/' || subject_id, seq
                   FROM events WHERE seq > $3 RETURNING event_id, seq""",
                webhook_id,
                NAMESPACE,
                before,
                channel,
            )
        return [row["event_id"] for row in sorted(rows, key=lambda row: row["seq"])]

    async def alert(self, alert_id: str, channels: Sequence[JsonObject], payload: JsonObject) -> str:
        """An alert that fires, to be told on all its channels; returns the event's id."""
        await self.pool.execute(
            "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1) ON CONFLICT DO NOTHING", NAMESPACE
        )
        await self.pool.execute(
            """INSERT INTO alerts (alert_id, namespace_id, alert_name, source, retriever_identifier,
                 notification_config)
               VALUES ($1, $2, $1, 'retriever', 'ret', $3)""",
            alert_id,
            NAMESPACE,
            {"channels": list(channels)},
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await record_event(connection, NAMESPACE, "alert.triggered", alert_id, payload)
            await connection.execute(
                """INSERT INTO deliveries (delivery_id, namespace_id, alert_id, channel, channel_type, event_id,
                     subject, seq)
                   SELECT 'del_' || channel, $2, $1, channel, 'webhook', event_id, 'alert/' || $1, seq
                   FROM events, generate_series(0, $3 - 1) channel WHERE event_type = 'alert.triggered'""",
                alert_id,
                NAMESPACE,
                len(channels),
            )
            event_id: str = await connection.fetchval("SELECT event_id FROM events WHERE subject_id = $1", alert_id)
        return event_id

    @asynccontextmanager
    async def deliverer(self, **changes: Any) -> AsyncIterator[None]:
        """A deliverer with a pool of its own, stopped as the worker stops it."""
        settings = self.settings.model_copy(update=changes)
        async with await open_pool(settings, size=3) as pool, open_deliverer(settings, pool) as deliverer:
            task = asyncio.create_task(run_loops(Loop(name="deliveries", step=deliverer.step, seconds=LOOK_SECONDS)))
            try:
                yield
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def ended(self, count: int = 1, seconds: float = 60) -> list[Any]:
        """The deliveries, once so many are not pending any more."""
        await until(lambda: self._has_ended(count), seconds)
        return await self.rows()

    async def _has_ended(self, count: int) -> bool:
        query = "SELECT count(*) FROM deliveries WHERE status <> 'pending'"
        return bool(await self.pool.fetchval(query) >= count)

    async def attempted(self, attempts: int = 1) -> Any:
        """The only delivery, once it was tried so often."""
        query = "SELECT * FROM deliveries WHERE attempts >= $1"
        return await until(lambda: self.pool.fetchrow(query, attempts))

    async def rows(self) -> list[Any]:
        """The deliveries, in order."""
        return list(await self.pool.fetch("SELECT * FROM deliveries ORDER BY seq, channel"))

    async def health(self, webhook_id: str) -> Any:
        """The webhook's row."""
        return await self.pool.fetchrow("SELECT * FROM webhooks WHERE webhook_id = $1", webhook_id)

    async def lanes(self) -> int:
        """How many lanes are open."""
        return int(await self.pool.fetchval("SELECT count(*) FROM delivery_lanes"))
