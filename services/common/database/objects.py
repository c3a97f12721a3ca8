"""Objects patched and deleted with their documents, each in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.common.database.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.errors import NotFoundError
from services.common.labels import LabelledDocument, apply_human_fields
from services.common.passthrough import lookup, rules_of


@dataclass(frozen=True, kw_only=True)
class Patched:
    """The object after a patch, and the documents that changed with it."""

    object_id: str
    document_ids: list[str]


async def patch_object(
    pool: Pool, bucket_id: str, object_id: str, fields: Mapping[str, Any], key_prefix: str | None
) -> Patched:
    """Merges `fields` into the object and carries them to its documents, as set by a person.

    The object's row is locked first, as an ingest does too, so that neither can lose the other's label.
    """
    set_at = datetime.now(UTC).isoformat()
    async with pool.acquire() as connection, connection.transaction():
        namespace_id = await connection.fetchval(
            """UPDATE objects SET fields = fields || $3, human_fields = human_fields || $4,
                 key_prefix = coalesce($5, key_prefix), updated_at = now()
               WHERE object_id = $2 AND bucket_id = $1 RETURNING namespace_id""",
            bucket_id,
            object_id,
            dict(fields),
            dict.fromkeys(fields, set_at),
            key_prefix,
        )
        if namespace_id is None:
            raise NotFoundError.of("object", object_id)
        changed = await _carry_to_documents(connection, object_id, fields, set_at)
        await record_event(connection, namespace_id, "object.updated", object_id, {"fields": sorted(fields)})
        for document_id in changed:
            await record_event(connection, namespace_id, "document.updated", document_id, {"object_id": object_id})
    return Patched(object_id=object_id, document_ids=changed)


async def _carry_to_documents(
    connection: Connection, object_id: str, fields: Mapping[str, Any], set_at: str
) -> list[str]:
    rows = await connection.fetch(
        """SELECT d.document_id, d.fields, d.labels, d.taxonomy_match, c.feature_extractor, t.field_to_enrich
           FROM documents d JOIN collections c USING (collection_id) LEFT JOIN taxonomies t USING (collection_id)
           WHERE d.object_id = $1 ORDER BY d.document_id FOR UPDATE OF d""",
        object_id,
    )
    changed = []
    for row in rows:
        carried = carried_fields(fields, row["feature_extractor"], row["field_to_enrich"])
        if not carried:
            continue
        before = LabelledDocument(fields=row["fields"], labels=row["labels"], taxonomy_match=row["taxonomy_match"])
        await _update_document(
            connection, row["document_id"], apply_human_fields(before, carried, row["field_to_enrich"], set_at)
        )
        changed.append(row["document_id"])
    return changed


def carried_fields(
    fields: Mapping[str, Any], feature_extractor: Mapping[str, Any], label_field: str | None
) -> dict[str, Any]:
    """What the documents of a collection take over of an object's patched fields; a label always."""
    missing = object()
    found = {rule.target: lookup(fields, rule.source, missing) for rule in rules_of(feature_extractor)}
    if label_field is not None and label_field not in found:
        found[label_field] = lookup(fields, label_field, missing)
    return {target: value for target, value in found.items() if value is not missing}


async def _update_document(connection: Connection, document_id: str, document: LabelledDocument) -> None:
    await connection.execute(
        """UPDATE documents SET fields = $2, labels = $3, taxonomy_match = $4, updated_at = now()
           WHERE document_id = $1""",
        document_id,
        document.fields,
        document.labels,
        document.taxonomy_match,
    )


async def delete_object(pool: Pool, bucket_id: str, object_id: str) -> list[str]:
    """Deletes an object with its documents; returns their ids."""
    async with pool.acquire() as connection, connection.transaction():
        query = "SELECT namespace_id FROM objects WHERE bucket_id = $1 AND object_id = $2 FOR UPDATE"
        namespace_id = await connection.fetchval(query, bucket_id, object_id)
        if namespace_id is None:
            raise NotFoundError.of("object", object_id)
        rows = await connection.fetch("DELETE FROM documents WHERE object_id = $1 RETURNING document_id", object_id)
        await connection.execute("DELETE FROM objects WHERE object_id = $1", object_id)
        await record_event(connection, namespace_id, "object.deleted", object_id, {"bucket_id": bucket_id})
        for row in rows:
            await record_event(connection, namespace_id, "document.deleted", row["document_id"])
    return [row["document_id"] for row in rows]
