"""Taking back what a batch has made: its documents, and the records that they were made."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import asyncpg

from services.common.database.documents.edit_documents import Within, delete_documents
from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import record_documents_batch
from services.common.database.pool import Connection

# What was made anew since the batch ended is not the batch's any more.
MADE = """
    SELECT i.object_id, i.collection_id FROM batch_items i JOIN processing p USING (object_id, collection_id)
    WHERE i.batch_id = $1 AND i.outcome = 'COMPLETED' AND p.status = 'COMPLETED' AND p.updated_at <= i.ended_at
    ORDER BY i.object_id, i.collection_id LIMIT $2"""
STILL_MADE = """
    SELECT p.object_id, p.collection_id FROM processing p JOIN batch_items i USING (object_id, collection_id)
    JOIN unnest($2::text[], $3::text[]) AS key (object_id, collection_id) USING (object_id, collection_id)
    WHERE i.batch_id = $1 AND p.status = 'COMPLETED' AND p.updated_at <= i.ended_at"""
DOCUMENTS = """
    SELECT document_id, collection_id FROM documents
    JOIN unnest($1::text[], $2::text[]) AS key (object_id, collection_id) USING (object_id, collection_id)
    WHERE part >= 0 ORDER BY document_id"""
FORGET = """
    DELETE FROM processing p USING unnest($1::text[], $2::text[]) AS key (object_id, collection_id)
    WHERE p.object_id = key.object_id AND p.collection_id = key.collection_id"""
STATUS = """
    UPDATE objects o SET updated_at = now(), status = coalesce((
      SELECT CASE WHEN bool_or(p.status = 'FAILED') THEN 'FAILED'
                  WHEN bool_and(p.status = 'COMPLETED') THEN 'COMPLETED'
                  WHEN bool_or(p.status <> 'PENDING') THEN 'PROCESSING' ELSE 'PENDING' END
      FROM processing p WHERE p.object_id = o.object_id), 'PENDING')
    WHERE o.object_id = ANY($1)"""


@dataclass(frozen=True, kw_only=True)
class TakenBack:
    """What one step took back: how many items of the batch, and which documents."""

    items: int
    document_ids: list[str]


async def take_back(connection: Connection, batch: asyncpg.Record, limit: int) -> TakenBack:
    """Deletes the documents of up to `limit` items of a batch, so that they count as not processed yet."""
    rows = await connection.fetch(MADE, batch["batch_id"], limit)
    await lock_objects(connection, [row["object_id"] for row in rows])
    rows = await connection.fetch(STILL_MADE, batch["batch_id"], *_columns(rows))
    documents = await connection.fetch(DOCUMENTS, *_columns(rows))
    within = Within(namespace_id=batch["namespace_id"])
    deleted = await delete_documents(connection, within, [row["document_id"] for row in documents])
    await _tell(connection, batch, documents, set(deleted))
    await connection.execute(FORGET, *_columns(rows))
    await connection.execute(STATUS, sorted({row["object_id"] for row in rows}))
    return TakenBack(items=len(rows), document_ids=deleted)


async def _tell(
    connection: Connection, batch: asyncpg.Record, documents: Sequence[asyncpg.Record], deleted: Collection[str]
) -> None:
    for collection_id in sorted({row["collection_id"] for row in documents}):
        ids = [row["document_id"] for row in documents if row["collection_id"] == collection_id]
        gone = [each for each in ids if each in deleted]
        namespace_id, batch_id = batch["namespace_id"], batch["batch_id"]
        await record_documents_batch(connection, namespace_id, "deleted", collection_id, gone, batch_id=batch_id)


def _columns(rows: list[asyncpg.Record]) -> tuple[list[str], list[str]]:
    return [row["object_id"] for row in rows], [row["collection_id"] for row in rows]
