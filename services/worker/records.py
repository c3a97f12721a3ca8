"""The `processing` records: what is to be done, how often it was tried, how it ended."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.documents import lock_objects
from services.common.database.jobs import IngestJob
from services.common.database.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.records import Blob, Collection, Taxonomy
from services.common.database.resources import to_record
from services.worker.domain import PENDING, Ingest, Key
from services.worker.patience import patient

LOAD = """
    SELECT p.object_id, p.status, p.attempts, p.error, o.bucket_id, o.fields, o.human_fields,
           to_jsonb(c) AS collection, to_jsonb(t) AS taxonomy,
           (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.position) FROM blobs b WHERE b.object_id = o.object_id) AS blobs
    FROM unnest($1::text[], $2::text[]) AS job (object_id, collection_id)
    JOIN processing p USING (object_id, collection_id)
    JOIN objects o USING (object_id)
    JOIN collections c ON c.collection_id = p.collection_id
    LEFT JOIN taxonomies t ON t.collection_id = p.collection_id
    WHERE p.status IN ('PENDING', 'PROCESSING')"""
BEGIN = """
    WITH begun AS (
      UPDATE processing p SET status = 'PROCESSING', attempts = job.attempts, updated_at = now()
      FROM unnest($1::text[], $2::text[], $3::int[]) AS job (object_id, collection_id, attempts)
      WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id
        AND p.status IN ('PENDING', 'PROCESSING')
      RETURNING p.object_id, p.collection_id
    ), told AS (
      UPDATE objects SET status = 'PROCESSING', updated_at = now()
      WHERE status = 'PENDING' AND object_id IN (SELECT object_id FROM begun)
    )
    SELECT object_id, collection_id FROM begun"""
PUT_BACK = """
    UPDATE processing SET status = $3, attempts = $4, error = $5, updated_at = now()
    WHERE object_id = $1 AND collection_id = $2 AND status = 'PROCESSING'"""
COMPLETE = """
    UPDATE processing p SET status = 'COMPLETED', error = NULL, updated_at = now()
    FROM unnest($1::text[], $2::text[]) AS job (object_id, collection_id)
    WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id AND p.status = 'PROCESSING'"""
FAIL = """
    UPDATE processing SET status = 'FAILED', error = $3, updated_at = now()
    WHERE object_id = $1 AND collection_id = $2 AND status = 'PROCESSING'
    RETURNING object_id"""
SETTLE_OBJECTS = """
    UPDATE objects o SET status = sum.status, error = sum.error, updated_at = now()
    FROM (
      SELECT object_id, min(error) FILTER (WHERE status = 'FAILED') AS error,
             CASE WHEN bool_or(status = 'FAILED') THEN 'FAILED'
                  WHEN bool_and(status = 'COMPLETED') THEN 'COMPLETED' ELSE 'PROCESSING' END AS status
      FROM processing WHERE object_id = ANY($1) GROUP BY object_id
    ) sum
    WHERE o.object_id = sum.object_id AND (o.status, o.error) IS DISTINCT FROM (sum.status, sum.error)"""


class Records:
    """Reads and writes processing records; outlasts a database that is away for a while.

    A record is PROCESSING from before an attempt until its answer is stored. So a record that is found PROCESSING by
    a new job tells of an attempt that ended without an answer, such as by kill -9.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @patient
    async def load(self, jobs: Sequence[IngestJob]) -> list[Ingest | None]:
        """What each job is about; None when it is done, or its object or collection is gone."""
        rows = await self._pool.fetch(LOAD, [job.object_id for job in jobs], [job.collection_id for job in jobs])
        found = {ingest.key: ingest for ingest in map(_ingest, rows)}
        return [found.get((job.object_id, job.collection_id)) for job in jobs]

    @patient
    async def begin(self, ingests: Sequence[Ingest]) -> list[bool]:
        """Counts an attempt of each, and commits it; False for those that are done or gone meanwhile.

        The count is set, not added to: repeating the statement after a lost connection counts nothing twice.
        """
        objects = [ingest.object_id for ingest in ingests]
        collections = [ingest.collection.collection_id for ingest in ingests]
        attempts = [ingest.attempts + 1 for ingest in ingests]
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_objects(connection, objects)
            rows = await connection.fetch(BEGIN, objects, collections, attempts)
        begun = {(row["object_id"], row["collection_id"]) for row in rows}
        return [ingest.key in begun for ingest in ingests]

    @patient
    async def count_failure(self, ingest: Ingest, error: str) -> None:
        """Ends an attempt with an answer that is not the last word."""
        await self._pool.execute(PUT_BACK, *ingest.key, PENDING, ingest.attempts + 1, error)

    @patient
    async def take_back(self, ingest: Ingest) -> None:
        """Makes an attempt that was not the object's to lose as if it had not begun."""
        await self._pool.execute(PUT_BACK, *ingest.key, ingest.status, ingest.attempts, ingest.error)

    @patient
    async def complete(self, keys: Sequence[Key]) -> None:
        """Marks records COMPLETED, and their objects when nothing else of them is left to do.

        A record that was set to PENDING meanwhile (the object is to be processed anew) stays so.
        """
        objects, collections = [key[0] for key in keys], [key[1] for key in keys]
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_objects(connection, objects)
            await connection.execute(COMPLETE, objects, collections)
            await connection.execute(SETTLE_OBJECTS, objects)

    @patient
    async def fail(self, ingest: Ingest, error: str) -> None:
        """Marks a record and its object FAILED, with the reason on both."""
        async with self._pool.acquire() as connection, connection.transaction():
            await lock_objects(connection, [ingest.object_id])
            if await connection.fetchval(FAIL, *ingest.key, error) is None:
                return
            await connection.execute(SETTLE_OBJECTS, [ingest.object_id])
            await _tell_failure(connection, ingest, error)


async def _tell_failure(connection: Connection, ingest: Ingest, error: str) -> None:
    collection = ingest.collection
    payload = {"status": "FAILED", "error": error, "collection_id": collection.collection_id}
    await record_event(connection, collection.namespace_id, "object.updated", ingest.object_id, payload)


def _ingest(row: asyncpg.Record) -> Ingest:
    return Ingest(
        object_id=row["object_id"],
        bucket_id=row["bucket_id"],
        fields=row["fields"],
        human_fields=row["human_fields"],
        collection=to_record(Collection, row["collection"]),
        taxonomy=None if row["taxonomy"] is None else to_record(Taxonomy, row["taxonomy"]),
        blobs=tuple(_blob(blob) for blob in row["blobs"] or []),
        status=row["status"],
        attempts=row["attempts"],
        error=row["error"],
    )


def _blob(values: dict[str, Any]) -> Blob:
    return Blob(**{name: values[name] for name in Blob.__dataclass_fields__})
