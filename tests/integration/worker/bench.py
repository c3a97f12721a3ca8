"""A bench for the worker: real PostgreSQL and blob store, the worker in this process, small real gRPC servers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.common.blobs import open_blob_store
from services.common.database.pool import Pool
from services.common.database.tasks.jobs import enqueue_ingest
from services.common.settings import Settings
from services.gateway.objects.creation.store import NewBlob, NewObject, create_object
from services.worker.main import serve
from tests.integration.worker.fake_services import DIMENSIONS, FakeExtractor, FakeIndex, FakeTaxonomy, serving
from tests.support.tutorial.option_a import SLOT

NAMESPACE, BUCKET, COLLECTION = "ns_1", "bkt_1", "col_1"
LABEL = "product_label"


@dataclass
class Bench:
    """The database with one bucket, and what the worker talks to."""

    pool: Pool
    settings: Settings
    extractor: FakeExtractor = field(default_factory=FakeExtractor)
    taxonomy: FakeTaxonomy = field(default_factory=FakeTaxonomy)
    index: FakeIndex = field(default_factory=FakeIndex)

    @asynccontextmanager
    async def services(self, *, extractor: bool = True, taxonomy: bool = True) -> AsyncIterator[None]:
        """The gRPC servers, until the end of the block."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serving(self.settings.index_address, self.index))
            if extractor:
                await stack.enter_async_context(serving(self.settings.extractor_address, self.extractor))
            if taxonomy:
                await stack.enter_async_context(serving(self.settings.taxonomy_address, self.taxonomy))
            yield

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """A worker in this process, drained at the end of the block."""
        stop = asyncio.Event()
        task = asyncio.create_task(serve(stop, self.settings))
        try:
            yield
        finally:
            stop.set()
            await task

    async def upload(self, content: bytes, label: str | None = None, **other: Any) -> str:
        """Stores an object as the gateway does; returns its id."""
        key = await open_blob_store(self.settings).put(NAMESPACE, content)
        return await self.create([NewBlob(property="image_url", type="image", storage_key=key)], label, **other)

    async def create(self, blobs: list[NewBlob], label: str | None = None, **other: Any) -> str:
        """Stores an object with these blobs."""
        fields = {LABEL: label, **other}
        new = NewObject(namespace_id=NAMESPACE, bucket_id=BUCKET, key_prefix=None, fields=fields, blobs=blobs)
        return (await create_object(self.pool, new)).object_id

    async def settled(self, *object_ids: str, seconds: float = 60) -> dict[str, str]:
        """The statuses of objects once each is COMPLETED or FAILED."""
        query = "SELECT object_id, status FROM objects WHERE object_id = ANY($1) AND status IN ('COMPLETED', 'FAILED')"
        async with asyncio.timeout(seconds):
            while True:
                rows = await self.pool.fetch(query, object_ids)
                if len(rows) == len(set(object_ids)):
                    return {row["object_id"]: row["status"] for row in rows}
                await asyncio.sleep(0.02)

    async def attempts(self, object_id: str) -> int:
        """How many attempts are counted for the object."""
        value: int = await self.pool.fetchval("SELECT attempts FROM processing WHERE object_id = $1", object_id)
        return value

    async def document(self, object_id: str) -> Any:
        """The row of the only document of an object."""
        rows = await self.pool.fetch("SELECT * FROM documents WHERE object_id = $1", object_id)
        assert len(rows) == 1
        return rows[0]

    async def documents(self, object_id: str, collection_id: str = COLLECTION) -> list[Any]:
        """The rows of an object's documents in a collection, by part."""
        query = "SELECT * FROM documents WHERE object_id = $1 AND collection_id = $2 ORDER BY part"
        return list(await self.pool.fetch(query, object_id, collection_id))

    async def again(self, object_id: str, collection_id: str = COLLECTION) -> None:
        """Processes an object once more, to its end."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("UPDATE objects SET status = 'PENDING' WHERE object_id = $1", object_id)
            await enqueue_ingest(connection, object_id, [collection_id])
        await self.settled(object_id)

    async def add_collection(
        self,
        collection_id: str,
        *,
        taxonomy: bool,
        extractor: str = "image_extractor",
        mappings: dict[str, str] | None = None,
        of: str | None = None,
    ) -> None:
        """A collection of the bucket, or of the documents of another collection."""
        feature_extractor = {
            "feature_extractor_name": extractor,
            "version": "v1",
            "input_mappings": mappings or {"image": "image_url"},
            "field_passthrough": [{"source_path": LABEL}, {"source_path": "colour", "default": "grey"}],
        }
        slot = (None, None, None) if extractor == "passthrough_extractor" else ("fake", SLOT, DIMENSIONS)
        await self.pool.execute(
            """INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source_collection_ids,
                 source, feature_extractor, extractor, model, feature_uri, dimensions)
               VALUES ($1, $2, $1, $3, $4, '{}', $5, $6, $7, $8, $9)""",
            collection_id,
            NAMESPACE,
            [] if of else [BUCKET],
            [of] if of else [],
            feature_extractor,
            f"{extractor}@v1",
            *slot,
        )
        if taxonomy:
            await self.pool.execute(
                """INSERT INTO taxonomies (taxonomy_id, namespace_id, taxonomy_name, collection_id,
                     retriever_identifier, field_to_enrich, confidence_threshold)
                   VALUES ('tax_' || $1, $2, $1, $1, 'ret', $3, 0.3)""",
                collection_id,
                NAMESPACE,
                LABEL,
            )


async def furnish(pool: Pool, settings: Settings) -> Bench:
    """A bench on an empty database."""
    await pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1)", NAMESPACE)
    await pool.execute(
        "INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema) VALUES ($1, $2, $1, '{}')",
        BUCKET,
        NAMESPACE,
    )
    bench = Bench(pool=pool, settings=settings)
    await bench.add_collection(COLLECTION, taxonomy=True)
    return bench
