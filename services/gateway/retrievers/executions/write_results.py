"""Keeping what a retriever found: its results become documents of another collection, with their vectors."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import WRITTEN, record_written_documents
from services.common.database.find_resources import get_collection
from services.common.database.pool import Pool
from services.common.ids import document_id
from services.gateway.kit.context import Tenant
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import JsonObject

SOURCES = "SELECT document_id, object_id, part FROM documents WHERE namespace_id = $1 AND document_id = ANY($2)"
HUMAN = """(
    SELECT coalesce(jsonb_object_agg(l.key, {what}), '{{}}') FROM jsonb_each(documents.labels) l
    WHERE l.value ->> 'source' IN ('human', 'import'))"""
# What a person or an import said of a written document stays, whatever is written again.
WRITE = f"""
    INSERT INTO documents
      (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields, labels, internal)
    SELECT new.document_id, d.namespace_id, $4, d.bucket_id, d.object_id, d.part, d.fields || new.added, d.labels,
      jsonb_build_object('written_by', new.lineage)
    FROM unnest($1::text[], $2::text[], $3::jsonb[], $5::jsonb[]) AS new (document_id, source_id, added, lineage)
    JOIN documents d ON d.document_id = new.source_id
    ON CONFLICT (document_id) DO UPDATE SET
      fields = excluded.fields || {HUMAN.format(what="documents.fields -> l.key")},
      labels = excluded.labels || {HUMAN.format(what="l.value")}, internal = excluded.internal, updated_at = now()
    WHERE documents.internal ? 'written_by'
    RETURNING {WRITTEN}"""  # noqa: S608
EMBED = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT new.document_id, e.feature_uri, e.model, e.dimensions, e.vector
    FROM unnest($1::text[], $2::text[]) AS new (document_id, source_id)
    JOIN documents d ON d.document_id = new.document_id
    JOIN collections c ON c.collection_id = d.collection_id
    JOIN embeddings e ON e.document_id = new.source_id AND e.feature_uri = c.feature_uri AND e.model = c.model
    WHERE d.internal ? 'written_by'
    ON CONFLICT (document_id, feature_uri) DO UPDATE SET
      model = excluded.model, dimensions = excluded.dimensions, vector = excluded.vector"""


async def write_results(
    tenant: Tenant, collection: str, lineage: JsonObject, added: Mapping[str, Any], found: Sequence[str]
) -> JsonObject:
    """Writes the documents found, with the fields that stages added; says where and how many."""
    pool = tenant.gateway.pool
    target = await get_collection(pool, tenant.namespace_id, collection)
    fields = {document_id: added.get(document_id, {}) for document_id in found}
    written = await write_copies(pool, tenant.namespace_id, target.collection_id, fields, lineage)
    await refresh_index(tenant.gateway, written)
    return {
        "collection_id": target.collection_id,
        "documents_written": len(written),
        "documents_skipped": len(found) - len(written),
    }


async def write_copies(
    pool: Pool, namespace_id: str, collection_id: str, added: dict[str, Any], lineage: dict[str, Any]
) -> list[str]:
    """Source document id -> fields that a stage added; returns the ids written.

    Running the same again updates the documents in place; a document that the collection made itself is left alone.
    """
    async with pool.acquire() as connection, connection.transaction():
        sources = await connection.fetch(SOURCES, namespace_id, list(added))
        await lock_objects(connection, [row["object_id"] for row in sources])
        source_ids = [row["document_id"] for row in sources]
        new_ids = [document_id(collection_id, row["object_id"], row["part"]) for row in sources]
        lineages = [{**lineage, "source_document_id": source_id} for source_id in source_ids]
        fields = [added[source_id] for source_id in source_ids]
        rows = await connection.fetch(WRITE, new_ids, source_ids, fields, collection_id, lineages)
        await connection.execute(EMBED, new_ids, source_ids)
        await record_written_documents(connection, rows)
    return [row["document_id"] for row in rows]
