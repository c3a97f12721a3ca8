"""A bench for alerts: a real taxonomy service, alerts as the gateway stores them, and steps taken by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import open_blob_store
from services.common.database.documents.write_documents import write_documents
from services.common.database.pool import Pool
from services.common.grpc.client import is_serving, open_channel
from services.common.ids import document_id, new_id
from services.common.row_types import DocumentRow
from services.common.settings import Settings
from services.gateway.objects.edits import patch_object
from services.taxonomy.main import serve
from services.worker.alerts.claims import Claims
from services.worker.alerts.due_alerts import DueAlerts
from services.worker.alerts.evaluator import Evaluator
from services.worker.alerts.new_documents import NewDocuments
from services.worker.alerts.search import AlertSearch
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench

MISSING = {"field": LABEL, "operator": "exists", "value": False}
CHANNEL = {"channel_type": "webhook", "config": {"url": "https://example.com/webhook"}}
RETRIEVER = "unlabeled-products"
# Whatever an event made due, and not the next sweep, which is far away.
HURRY = "UPDATE alerts SET due_at = now() WHERE due_at < now() + interval '30 seconds'"


@asynccontextmanager
async def taxonomy_at(settings: Settings) -> AsyncIterator[None]:
    """The real taxonomy service at the address of the settings."""
    stop = asyncio.Event()
    task = asyncio.create_task(serve(settings, stop))
    async with open_channel(settings.taxonomy_address) as channel:
        while not await is_serving(channel):
            assert not task.done()
            await asyncio.sleep(0.02)
    try:
        yield
    finally:
        stop.set()
        await task


@dataclass(kw_only=True)
class AlertBench:
    """One collection, and what looks at alerts, a step at a time."""

    bench: Bench
    evaluator: Evaluator
    changes: DueAlerts

    @property
    def pool(self) -> Pool:
        """The database."""
        return self.bench.pool

    async def retriever(
        self,
        parameters: dict[str, Any] | None = None,
        name: str = RETRIEVER,
        collection: str = COLLECTION,
        stage_id: str = "attribute_filter",
    ) -> str:
        """A retriever with one filter, by default the tutorial's: what has no label."""
        config = {"stage_id": stage_id, "parameters": parameters or MISSING}
        stage = {"stage_name": "only", "stage_type": "filter", "config": config}
        retriever_id = new_id("ret")
        await self.pool.execute(
            """INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, collection_identifiers, stages)
               VALUES ($1, $2, $3, $4, $5)""",
            retriever_id,
            NAMESPACE,
            name,
            [collection],
            [stage],
        )
        return retriever_id

    async def alert(self, retriever: str | None = RETRIEVER, **columns: Any) -> str:
        """An alert as the gateway stores it, not looked at yet."""
        values = {
            "alert_id": new_id("alt"),
            "namespace_id": NAMESPACE,
            "alert_name": new_id("alert"),
            "source": "retriever" if retriever else "system",
            "retriever_identifier": retriever,
            "notification_config": {"channels": [CHANNEL], "include_matches": True, "include_scores": True},
            **columns,
        }
        places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
        await self.pool.execute(f"INSERT INTO alerts ({', '.join(values)}) VALUES ({places})", *values.values())
        return str(values["alert_id"])

    async def document(self, label: str | None = None, **fields: Any) -> str:
        """An object and its document, with their events, as a worker writes them; returns the object's id."""
        object_id = new_id("obj")
        row = DocumentRow(
            document_id=document_id(COLLECTION, object_id, 0),
            namespace_id=NAMESPACE,
            collection_id=COLLECTION,
            bucket_id=BUCKET,
            object_id=object_id,
            part=0,
            fields={LABEL: label, **fields},
            taxonomy_match=None,
            labels={},
            internal={},
        )
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO objects (object_id, namespace_id, bucket_id) VALUES ($1, $2, $3)",
                object_id,
                NAMESPACE,
                BUCKET,
            )
            await write_documents(connection, [row])
        return object_id

    async def label(self, object_id: str, label: str | None) -> None:
        """A person labels an object, or takes its label away."""
        await patch_object(self.pool, BUCKET, object_id, {LABEL: label}, None)

    async def look(self) -> None:
        """Follows the events, then looks at whatever is due because of them, or because it was never looked at."""
        await self.changes.step()
        await self.pool.execute(HURRY)
        async with asyncio.timeout(60):
            while await self.evaluator.step():
                pass

    async def sweep(self) -> None:
        """Looks at every alert that is enabled."""
        await self.pool.execute("UPDATE alerts SET due_at = now()")
        await self.look()

    async def fired(self, alert_id: str) -> list[dict[str, Any]]:
        """What the alert has told, in order; each of it is to be delivered."""
        rows = await self.pool.fetch(
            """SELECT e.payload, count(d.*) AS deliveries FROM events e LEFT JOIN deliveries d USING (event_id)
               WHERE e.event_type = 'alert.triggered' AND e.subject_id = $1
               GROUP BY e.seq, e.payload ORDER BY e.seq""",
            alert_id,
        )
        assert all(row["deliveries"] == 1 for row in rows)
        return [row["payload"] for row in rows]

    async def state(self, alert_id: str) -> asyncpg.Record:
        """The alert's row."""
        row = await self.pool.fetchrow("SELECT * FROM alerts WHERE alert_id = $1", alert_id)
        assert row is not None
        return row

    async def executions(self, alert_id: str) -> list[asyncpg.Record]:
        """The alert's executions in order."""
        sql = "SELECT * FROM alert_executions WHERE alert_id = $1 ORDER BY row_key"
        return list(await self.pool.fetch(sql, alert_id))

    async def told(self, alert_id: str, event_type: str) -> list[dict[str, Any]]:
        """The payloads of the alert's events of a type."""
        sql = "SELECT payload FROM events WHERE event_type = $2 AND subject_id = $1 ORDER BY seq"
        return [row["payload"] for row in await self.pool.fetch(sql, alert_id, event_type)]


@asynccontextmanager
async def alert_bench(bench: Bench) -> AsyncIterator[AlertBench]:
    """What looks at alerts in the place of a worker; who sweeps is the test."""
    settings, pool = bench.settings, bench.pool
    async with open_channel(settings.taxonomy_address) as taxonomy:
        evaluator = Evaluator(
            pool,
            Claims(pool, sweep_seconds=3600),
            AlertSearch(pool, taxonomy, settings.rpc_timeout),
            NewDocuments(pool, open_blob_store(settings)),
        )
        yield AlertBench(bench=bench, evaluator=evaluator, changes=DueAlerts(pool))
