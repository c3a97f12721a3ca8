"""Writing documents with their embeddings and events; every statement takes many rows at once."""

from collections import defaultdict
from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from services.common.database.events.document_events import (
    GONE,
    WRITTEN,
    record_deleted_documents,
    record_written_documents,
)
from services.common.database.events.outbox import new_event_id
from services.common.database.pool import Connection, Executor
from services.common.events.event_payloads import MOST_IDS
from services.common.row_types import DocumentRow, EmbeddingRow, ObjectFields, StoredDocument

JsonObject = dict[str, Any]
Key = tuple[str, str]

COLUMNS = (
    "document_id, namespace_id, collection_id, bucket_id, object_id, part, source_document_id, "
    "fields, taxonomy_match, labels, internal"
)
NEW = """
    unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[], $7::text[],
           $8::jsonb[], $9::jsonb[], $10::jsonb[], $11::jsonb[])"""
# One round trip for what is nearly always so: nobody has touched the objects since, and they have no documents yet.
ADD = f"""
    WITH current AS MATERIALIZED (
      SELECT object_id, fields, human_fields FROM objects WHERE object_id = ANY($12) ORDER BY object_id
      FOR NO KEY UPDATE
    ), unchanged AS (
      SELECT object_id FROM current
      JOIN unnest($12::text[], $13::jsonb[], $14::jsonb[]) AS seen (object_id, seen_fields, seen_human)
        USING (object_id)
      WHERE fields = seen_fields AND human_fields = seen_human
    ), added AS (
      INSERT INTO documents ({COLUMNS})
      SELECT new.* FROM {NEW} AS new ({COLUMNS}) WHERE object_id IN (SELECT object_id FROM unchanged)
        AND NOT EXISTS (SELECT FROM documents d
                        WHERE d.collection_id = new.collection_id AND d.object_id = new.object_id AND d.part >= 0)
        AND NOT EXISTS (SELECT FROM rejected_parts r
                        WHERE r.collection_id = new.collection_id AND r.object_id = new.object_id)
      ON CONFLICT (document_id) DO NOTHING
      RETURNING {GONE}
    ), embedded AS (
      INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
      SELECT new.* FROM unnest($15::text[], $16::text[], $17::text[], $18::int[], $19::bytea[])
        AS new (document_id, feature_uri, model, dimensions, vector)
      WHERE document_id IN (SELECT document_id FROM added)
    ), kept AS (
      INSERT INTO document_blobs SELECT new.* FROM jsonb_populate_recordset(NULL::document_blobs, $21) AS new
      WHERE document_id IN (SELECT document_id FROM added)
    ), told AS (
      INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
      SELECT event_id, namespace_id, 'document.created', 'document', document_id,
             jsonb_build_object('object_id', object_id, 'collection_id', collection_id, 'bucket_id', bucket_id)
      FROM added JOIN unnest($1::text[], $20::text[]) AS event (document_id, event_id) USING (document_id)
    ), summed AS (
      INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
      SELECT min(event_id), namespace_id, 'collection.documents.written', 'collection', collection_id,
             jsonb_build_object('collection_id', collection_id, 'document_count', count(*), 'created_count', count(*),
               'updated_count', 0, 'document_ids', to_jsonb((array_agg(document_id))[:{MOST_IDS}]))
      FROM added JOIN unnest($1::text[], $22::text[]) AS event (document_id, event_id) USING (document_id)
      GROUP BY namespace_id, collection_id
    )
    SELECT document_id FROM added"""  # noqa: S608
LOCK = """
    SELECT object_id, fields, human_fields FROM objects WHERE object_id = ANY($1)
    ORDER BY object_id FOR NO KEY UPDATE"""
UPSERT = f"""
    INSERT INTO documents ({COLUMNS}) SELECT * FROM {NEW}
    ON CONFLICT (document_id) DO UPDATE SET
      source_document_id = excluded.source_document_id, fields = excluded.fields,
      taxonomy_match = excluded.taxonomy_match, labels = excluded.labels, internal = excluded.internal,
      updated_at = now()
    RETURNING {WRITTEN}"""  # noqa: S608
EMBED = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[])
    ON CONFLICT (document_id, feature_uri) DO UPDATE SET
      model = excluded.model, dimensions = excluded.dimensions, vector = excluded.vector"""
KEEP_BLOBS = "INSERT INTO document_blobs SELECT * FROM jsonb_populate_recordset(NULL::document_blobs, $1)"
STORED = """
    SELECT d.object_id, d.collection_id, d.part, d.fields, d.labels, d.taxonomy_match, d.internal,
           (SELECT e.vector FROM embeddings e WHERE e.document_id = d.document_id
            ORDER BY e.feature_uri LIMIT 1) AS vector
    FROM documents d JOIN unnest($1::text[], $2::text[]) AS key (object_id, collection_id)
      USING (object_id, collection_id) WHERE d.part >= 0"""
DELETE_SURPLUS = f"""
    WITH RECURSIVE surplus AS (
      SELECT d.document_id FROM documents d JOIN unnest($1::text[], $2::text[]) AS key (object_id, collection_id)
        USING (object_id, collection_id) WHERE d.part >= 0 AND d.document_id <> ALL($3)
      UNION SELECT d.document_id FROM documents d JOIN surplus s ON d.source_document_id = s.document_id
    )
    DELETE FROM documents WHERE document_id IN (SELECT document_id FROM surplus) RETURNING {GONE}"""  # noqa: S608


async def add_documents(db: Executor, seen: Mapping[str, ObjectFields], documents: Sequence[DocumentRow]) -> list[str]:
    """Stores documents of objects that are still as they were `seen` and have none in the collection, with events.

    Returns the ids of those stored; the others need `lock_objects` and `write_documents`.
    """
    rows = await db.fetch(
        ADD,
        *_document_columns(documents),
        list(seen),
        [current.fields for current in seen.values()],
        [current.human_fields for current in seen.values()],
        *_embedding_columns(documents),
        [new_event_id() for _ in documents],
        _blob_rows(documents),
        [new_event_id() for _ in documents],
    )
    return [row["document_id"] for row in rows]


async def lock_objects(connection: Connection, object_ids: Many[str]) -> dict[str, ObjectFields]:
    """Locks objects until the transaction ends, and reads them as they are now; deleted ones are missing.

    Whoever writes what belongs to an object locks it first, in order of id: so a label patched meanwhile is seen,
    two runs of one job follow each other, and nobody waits in a circle.
    """
    rows = await connection.fetch(LOCK, list(set(object_ids)))
    return {row["object_id"]: ObjectFields(fields=row["fields"], human_fields=row["human_fields"]) for row in rows}


async def stored_documents(connection: Connection, keys: Sequence[Key]) -> dict[Key, dict[int, StoredDocument]]:
    """The documents that processing made already of each (object, collection), by part number."""
    found: dict[Key, dict[int, StoredDocument]] = defaultdict(dict)
    for row in await connection.fetch(STORED, [key[0] for key in keys], [key[1] for key in keys]):
        found[row["object_id"], row["collection_id"]][row["part"]] = StoredDocument(
            fields=row["fields"],
            labels=row["labels"],
            taxonomy_match=row["taxonomy_match"],
            internal=row["internal"],
            part=row["part"],
            vector=row["vector"] or b"",
        )
    return found


async def write_documents(connection: Connection, documents: Sequence[DocumentRow]) -> list[str]:
    """Inserts or replaces documents, with their embeddings, files and events; returns their ids."""
    rows = await connection.fetch(UPSERT, *_document_columns(documents))
    bare = [document.document_id for document in documents if not document.embeddings]
    if bare:
        await connection.execute("DELETE FROM embeddings WHERE document_id = ANY($1)", bare)
    await connection.execute(EMBED, *_embedding_columns(documents))
    ids = [row["document_id"] for row in rows]
    await connection.execute("DELETE FROM document_blobs WHERE document_id = ANY($1)", ids)
    await connection.execute(KEEP_BLOBS, _blob_rows(documents))
    await record_written_documents(connection, rows)
    return ids


async def delete_surplus(connection: Connection, keys: Sequence[Key], kept: Sequence[str]) -> list[str]:
    """Removes what processing made of each (object, collection) and is not `kept`, and what was made of that.

    Documents that were created directly have negative parts, and stay. Returns the ids of those removed.
    """
    rows = await connection.fetch(DELETE_SURPLUS, [key[0] for key in keys], [key[1] for key in keys], list(kept))
    await record_deleted_documents(connection, rows)
    return [row["document_id"] for row in rows]


def _document_columns(documents: Sequence[DocumentRow]) -> list[list[Any]]:
    return [[getattr(document, name) for document in documents] for name in COLUMNS.split(", ")]


def _embedding_columns(documents: Sequence[DocumentRow]) -> list[list[Any]]:
    rows = [(document.document_id, embedding) for document in documents for embedding in document.embeddings]
    return [
        [document_id for document_id, _ in rows],
        *([getattr(embedding, name) for _, embedding in rows] for name in EmbeddingRow.__dataclass_fields__),
    ]


def _blob_rows(documents: Sequence[DocumentRow]) -> list[JsonObject]:
    return [asdict(blob) for document in documents for blob in document.blobs]
