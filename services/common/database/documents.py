"""Writing documents and their embeddings; every statement takes many rows at once."""

from collections.abc import Collection as Many
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.common.database.pool import Connection

JsonObject = dict[str, Any]

LOCK = (
    "SELECT object_id, fields, human_fields FROM objects WHERE object_id = ANY($1) ORDER BY object_id FOR NO KEY UPDATE"
)
UPSERT = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part,
                           fields, taxonomy_match, labels, internal)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::int[],
                         $7::jsonb[], $8::jsonb[], $9::jsonb[], $10::jsonb[])
    ON CONFLICT (document_id) DO UPDATE SET
      fields = excluded.fields, taxonomy_match = excluded.taxonomy_match, labels = excluded.labels,
      internal = excluded.internal, updated_at = now()
    RETURNING document_id, xmax = 0 AS created"""
EMBED = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::bytea[])
    ON CONFLICT (document_id, feature_uri) DO UPDATE SET
      model = excluded.model, dimensions = excluded.dimensions, vector = excluded.vector"""
DELETE_SURPLUS = """
    DELETE FROM documents d USING unnest($1::text[], $2::text[], $3::int[]) AS kept (object_id, collection_id, parts)
    WHERE d.collection_id = kept.collection_id AND d.object_id = kept.object_id AND d.part >= kept.parts
    RETURNING d.document_id"""


@dataclass(frozen=True, kw_only=True)
class ObjectFields:
    """What people said of an object; `human_fields` maps a field to the time at which a person set it."""

    fields: JsonObject
    human_fields: JsonObject


@dataclass(frozen=True, kw_only=True)
class StoredDocument:
    """The parts of a stored document that a second run has to respect."""

    fields: JsonObject
    labels: JsonObject
    taxonomy_match: JsonObject | None
    internal: JsonObject


@dataclass(frozen=True, kw_only=True)
class EmbeddingRow:
    """A vector of a document: little-endian float16, unit norm."""

    feature_uri: str
    model: str
    dimensions: int
    vector: bytes


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """A document as it is to be stored."""

    document_id: str
    namespace_id: str
    collection_id: str
    bucket_id: str
    object_id: str
    part: int
    fields: JsonObject
    taxonomy_match: JsonObject | None
    labels: JsonObject
    internal: JsonObject
    embeddings: Sequence[EmbeddingRow] = field(default=())


async def lock_objects(connection: Connection, object_ids: Many[str]) -> dict[str, ObjectFields]:
    """Locks objects until the transaction ends, and reads them as they are now; deleted ones are missing.

    Whoever writes what belongs to an object locks it first, in order of id: so a label patched meanwhile is seen,
    two runs of one job follow each other, and nobody waits in a circle.
    """
    rows = await connection.fetch(LOCK, list(set(object_ids)))
    return {row["object_id"]: ObjectFields(fields=row["fields"], human_fields=row["human_fields"]) for row in rows}


async def stored_documents(connection: Connection, document_ids: Sequence[str]) -> dict[str, StoredDocument]:
    """Those of the documents that exist already."""
    rows = await connection.fetch(
        "SELECT document_id, fields, labels, taxonomy_match, internal FROM documents WHERE document_id = ANY($1)",
        document_ids,
    )
    return {
        row["document_id"]: StoredDocument(
            fields=row["fields"],
            labels=row["labels"],
            taxonomy_match=row["taxonomy_match"],
            internal=row["internal"],
        )
        for row in rows
    }


async def write_documents(connection: Connection, documents: Sequence[DocumentRow]) -> dict[str, bool]:
    """Inserts or replaces documents with their embeddings; tells for each id whether it is new."""
    columns = [
        [getattr(document, name) for document in documents]
        for name in DocumentRow.__dataclass_fields__
        if name != "embeddings"
    ]
    rows = await connection.fetch(UPSERT, *columns)
    await _write_embeddings(connection, documents)
    return {row["document_id"]: row["created"] for row in rows}


async def _write_embeddings(connection: Connection, documents: Sequence[DocumentRow]) -> None:
    rows = [
        (document.document_id, embedding.feature_uri, embedding.model, embedding.dimensions, embedding.vector)
        for document in documents
        for embedding in document.embeddings
    ]
    if rows:
        await connection.execute(EMBED, *(list(column) for column in zip(*rows, strict=True)))


async def delete_surplus(connection: Connection, parts: Mapping[tuple[str, str], int]) -> list[str]:
    """Removes the documents of (object, collection) beyond its number of parts; returns their ids."""
    rows = await connection.fetch(
        DELETE_SURPLUS, [key[0] for key in parts], [key[1] for key in parts], list(parts.values())
    )
    return [row["document_id"] for row in rows]
