"""The `processing` records: what is to be done, how often it was tried, how it ended; what was learnt of its blobs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import asyncpg

from services.common.database.find_resources import to_record
from services.common.database.pool import Connection, Executor, Pool
from services.common.database.tasks.jobs import IngestJob
from services.common.row_types import Blob, Collection, Labeller, ObjectFields
from services.worker.domain import PENDING, Content, Ingest, Key, Run
from services.worker.kit.database_outages import retried_in_outage

# An attempt of a record that is PENDING begins with its reading; the values read are those from before.
CLAIM = """
    WITH job AS (SELECT * FROM unnest($1::text[], $2::text[]) AS job (object_id, collection_id)),
    locked AS MATERIALIZED (
      SELECT object_id FROM objects WHERE object_id = ANY($1) ORDER BY object_id FOR NO KEY UPDATE
    ), begun AS (
      UPDATE processing p SET status = 'PROCESSING', attempts = p.attempts + 1, updated_at = now(),
        note = CASE WHEN p.look IS NULL THEN NULL ELSE p.note END,
        input_digest = CASE WHEN p.look IS NULL THEN NULL ELSE p.input_digest END
      FROM job JOIN locked USING (object_id)
      WHERE p.object_id = job.object_id AND p.collection_id = job.collection_id
        AND p.status = 'PENDING' AND p.attempts < $3
      RETURNING p.object_id, p.collection_id, p.updated_at
    ), told AS (
      UPDATE objects SET status = 'PROCESSING',
        updated_at = CASE WHEN is_looked_at THEN updated_at ELSE now() END
      WHERE status = 'PENDING' AND object_id IN (SELECT object_id FROM begun)
    )
    SELECT p.object_id, p.status, p.attempts, p.error, p.look, p.input_digest, o.bucket_id, o.fields, o.human_fields,
           to_jsonb(c) AS collection,
           ARRAY(SELECT t.collection_id FROM collections t
                 WHERE t.source_collection_ids @> ARRAY[c.collection_id] AND t.enabled) AS tiers,
           begun.object_id IS NOT NULL AS begun, coalesce(begun.updated_at, p.updated_at) AS begun_at,
           (SELECT jsonb_agg(jsonb_build_object('taxonomy_id', l.taxonomy_id, 'label_fields', l.label_fields,
             'inline', l.inline AND coalesce(l.config -> 'input_mappings', '[]') = '[]')
                             ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position)
            FROM labellers l WHERE l.collection_id = c.collection_id) AS labellers,
           (SELECT jsonb_agg(to_jsonb(b) ORDER BY b.position) FROM blobs b WHERE b.object_id = o.object_id) AS blobs
    FROM job
    JOIN processing p USING (object_id, collection_id)
    JOIN objects o USING (object_id)
    JOIN collections c USING (collection_id)
    LEFT JOIN begun USING (object_id, collection_id)
    WHERE p.status IN ('PENDING', 'PROCESSING')"""
BEGIN_AGAIN = """
    UPDATE processing SET attempts = $3, updated_at = now()
    WHERE object_id = $1 AND collection_id = $2 AND status = 'PROCESSING' RETURNING updated_at"""
PUT_BACK = """
    UPDATE processing SET status = $4, attempts = $5, error = $6, updated_at = now()
    WHERE object_id = $1 AND collection_id = $2 AND status = 'PROCESSING' AND updated_at = $3"""
FAIL = "SELECT fail_run($1, $2, $3, $4)"
COMPLETE = "SELECT complete_runs($1, $2, $3, $4)"
END_LOOK = "SELECT end_look($1, $2, $3)"
# What there is of documents is about to be written over.
FORGET = """
    UPDATE processing SET look = NULL, input_digest = NULL, note = NULL
    WHERE object_id = $1 AND collection_id = $2 AND status = 'PROCESSING' AND updated_at = $3"""
# What waits to be done anew is written over soon; what another run has taken up may have been written by it already.
OVERTAKEN = """
    SELECT p.object_id, p.collection_id FROM processing p
    JOIN unnest($1::text[], $2::text[], $3::timestamptz[]) AS run (object_id, collection_id, begun_at)
      USING (object_id, collection_id)
    WHERE p.status <> 'PENDING' AND p.updated_at <> run.begun_at"""
NOTE = """
    UPDATE processing p SET note = said.note
    FROM unnest($1::text[], $2::text[], $3::text[]) AS said (object_id, collection_id, note)
    WHERE p.object_id = said.object_id AND p.collection_id = said.collection_id"""
LEARN_BLOBS = """
    UPDATE blobs b SET storage_key = known.storage_key, mime_type = known.mime_type,
                       size_bytes = known.size_bytes, sha256 = known.sha256
    FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::text[])
      AS known (blob_id, storage_key, mime_type, size_bytes, sha256)
    WHERE b.blob_id = known.blob_id"""


class Records:
    """Reads and writes processing records; outlasts a database that is away for a while.

    A record is PROCESSING from before an attempt until its answer is stored. So a record that is found PROCESSING by
    a new job tells of an attempt that ended without an answer, such as by kill -9.

    What has changed since a run began is done by another, which may begin before the first has ended. When it began
    tells one run from another: what is said of a run that has been followed by another is not heard.
    """

    def __init__(self, pool: Pool, max_attempts: int) -> None:
        self._pool = pool
        self._max_attempts = max_attempts

    @retried_in_outage
    async def claim(self, jobs: Sequence[IngestJob]) -> list[Ingest | None]:
        """What each job is about, its attempt counted and committed; None when it is done, or its object is gone.

        Suspects, and records that have no attempt left, are not begun.
        """
        objects, collections = [job.object_id for job in jobs], [job.collection_id for job in jobs]
        rows = await self._pool.fetch(CLAIM, objects, collections, self._max_attempts)
        found = {ingest.key: ingest for ingest in map(_ingest, rows)}
        return [found.get((job.object_id, job.collection_id)) for job in jobs]

    @retried_in_outage
    async def begin_again(self, ingest: Ingest) -> Ingest | None:
        """Counts an attempt of a suspect, and commits it; None when it is done or gone meanwhile.

        The count is set, not added to: repeating the statement after a lost connection counts nothing twice.
        """
        begun_at = await self._pool.fetchval(BEGIN_AGAIN, *ingest.key, ingest.attempts + 1)
        return None if begun_at is None else replace(ingest, begun_at=begun_at)

    @retried_in_outage
    async def count_failure(self, ingest: Ingest, error: str) -> None:
        """Ends an attempt with an answer that is not the last word."""
        await self._pool.execute(PUT_BACK, *ingest.run, PENDING, ingest.attempts + 1, error)

    @retried_in_outage
    async def take_back(self, ingest: Ingest) -> None:
        """Makes an attempt that was not the object's to lose as if it had not begun."""
        await self._pool.execute(PUT_BACK, *ingest.run, ingest.status, ingest.attempts, ingest.error)

    @retried_in_outage
    async def complete(self, digests: Mapping[Run, str]) -> None:
        """Marks records COMPLETED, made of inputs of these digests, and objects of which nothing is left to do.

        A record that was set to PENDING meanwhile (the object is to be processed anew) stays so.
        """
        objects, collections, begun = (list(column) for column in zip(*digests, strict=True))
        await self._pool.execute(COMPLETE, objects, collections, begun, list(digests.values()))

    @retried_in_outage
    async def end_look(self, ingest: Ingest) -> None:
        """Marks a record COMPLETED whose input is as it was."""
        await self._pool.execute(END_LOOK, *ingest.run)

    @retried_in_outage
    async def forget_input(self, ingest: Ingest) -> None:
        """Says of a record whose input has changed that it is to be processed, whatever becomes of this attempt."""
        await self._pool.execute(FORGET, *ingest.run)

    @retried_in_outage
    async def fail(self, ingest: Ingest, error: str) -> None:
        """Marks a record and its object FAILED, with the reason on both."""
        await self._pool.execute(FAIL, *ingest.run, error)


async def overtaken_runs(connection: Connection, ingests: Sequence[Ingest]) -> set[Key]:
    """The records that another run has taken up since these began; the caller has locked their objects."""
    if not ingests:
        return set()
    columns = (list(column) for column in zip(*(ingest.run for ingest in ingests), strict=True))
    rows = await connection.fetch(OVERTAKEN, *columns)
    return {(row["object_id"], row["collection_id"]) for row in rows}


async def write_notes(db: Executor, notes: Mapping[Key, str | None]) -> None:
    """Says what is to be said of runs that did not fail."""
    said = [(*key, note) for key, note in notes.items() if note is not None]
    if said:
        await db.execute(NOTE, *(list(column) for column in zip(*said, strict=True)))


def _ingest(row: asyncpg.Record) -> Ingest:
    return Ingest(
        object_id=row["object_id"],
        bucket_id=row["bucket_id"],
        seen=ObjectFields(fields=row["fields"], human_fields=row["human_fields"]),
        collection=to_record(Collection, row["collection"]),
        labellers=tuple(to_record(Labeller, labeller) for labeller in row["labellers"] or []),
        blobs=tuple(_blob(blob) for blob in row["blobs"] or []),
        status=row["status"],
        attempts=row["attempts"],
        error=row["error"],
        begun=row["begun"],
        begun_at=row["begun_at"],
        tiers=tuple(row["tiers"]),
        look=row["look"],
        input_digest=row["input_digest"],
    )


def _blob(values: dict[str, Any]) -> Blob:
    return Blob(**{name: values[name] for name in Blob.__dataclass_fields__})


async def learn_blobs(pool: Pool, contents: Iterable[Content]) -> None:
    """Notes what was read of blobs, where it is not known yet."""
    facts = [
        (content.blob.blob_id, content.storage_key, content.mime_type, content.size_bytes, content.sha256)
        for content in contents
        if content.blob is not None
        and (content.blob.storage_key, content.blob.sha256) != (content.storage_key, content.sha256)
    ]
    if facts:
        await pool.execute(LEARN_BLOBS, *(list(column) for column in zip(*facts, strict=True)))
