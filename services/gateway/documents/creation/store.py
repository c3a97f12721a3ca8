"""Documents that are created directly, not by processing an object.

Each belongs to an object all the same, since an object is what its index entry, its lineage and its lock go by: to the
one that the request names, or to one made for it alone, which goes when the document goes. Their parts are negative, so
that processing the object, which writes the parts 0, 1, 2 ..., neither replaces nor removes them; but where a
collection extracts nothing, processing the object gives the very document that was created.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.common.database.documents.edit_documents import OWN_OBJECT
from services.common.database.documents.write_documents import lock_objects, write_documents
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.extractors.passthrough import rules_of
from services.common.extractors.traits import traits_of
from services.common.ids import document_id, new_id
from services.common.json.paths import said_inside
from services.common.labels.human_labels import IMPORT
from services.common.labels.label_values import label_values
from services.common.row_types import Collection, DocumentRow

MAKE_OBJECT = """
    INSERT INTO objects (object_id, namespace_id, bucket_id, fields, idempotency_key, status)
    VALUES ($1, $2, $3, $4, $5, 'COMPLETED')"""
FIND_OBJECT = "SELECT object_id, bucket_id FROM objects WHERE object_id = $1 AND namespace_id = $2"
NEXT_PART = "SELECT coalesce(least(min(part), 0), 0) - 1 FROM documents WHERE collection_id = $1 AND object_id = $2"
BUCKET_OF_SOURCE = """
    WITH RECURSIVE source AS (
      SELECT collection_id, bucket_ids, source, 0 AS depth FROM collections WHERE collection_id = $1
      UNION ALL
      SELECT c.collection_id, c.bucket_ids, c.source, s.depth + 1 FROM source s JOIN collections c
        ON c.collection_id = s.source ->> 'collection_id' OR s.source -> 'collection_ids' ? c.collection_id
      WHERE s.depth < 10
    )
    SELECT bucket_ids[1] FROM source WHERE bucket_ids[1] IS NOT NULL ORDER BY depth LIMIT 1"""


@dataclass(frozen=True, kw_only=True)
class NewDocument:
    """A document about to be stored; `row` lacks what follows from the object: the ids, the bucket and the part.

    `own_object_id` is the id of the object that is made for it, where one that anybody would make will not do.
    """

    row: DocumentRow
    collection: Collection
    object_id: str | None
    bucket_id: str | None
    own_object_id: str | None = None


async def create_document(pool: Pool, new: NewDocument) -> str:
    """Stores a document with its vectors; returns its id. A label that it comes with counts as imported."""
    collection = new.collection
    async with pool.acquire() as connection, connection.transaction():
        object_id, bucket_id, part = await _place(connection, new)
        fields, labels, match = await _labelled(connection, new)
        row = replace(
            new.row,
            document_id=document_id(collection.collection_id, object_id, part),
            object_id=object_id,
            bucket_id=bucket_id,
            part=part,
            fields=fields,
            labels=labels,
            taxonomy_match=match,
        )
        if new.object_id is None:
            await _make_object(connection, row)
        await write_documents(connection, [row])
    return row.document_id


async def _place(connection: Connection, new: NewDocument) -> tuple[str, str, int]:
    """The object, its bucket and the part that the new document is of it."""
    collection = new.collection
    if new.object_id is not None:
        await lock_objects(connection, [new.object_id])
        row = await connection.fetchrow(FIND_OBJECT, new.object_id, collection.namespace_id)
        if row is None:
            raise NotFoundError.of("object", new.object_id)
        part = await connection.fetchval(NEXT_PART, collection.collection_id, new.object_id)
        return row["object_id"], row["bucket_id"], part
    bucket_id = new.bucket_id or await connection.fetchval(BUCKET_OF_SOURCE, collection.collection_id)
    if bucket_id is None:
        message = "The collection has no bucket; name the object that the document belongs to."
        raise InvalidArgumentError(message, path="body.root_object_id")
    return new.own_object_id or new_id("obj", 16), bucket_id, -1 if traits_of(collection.extractor).extracts else 0


async def _make_object(connection: Connection, row: DocumentRow) -> None:
    key = OWN_OBJECT + row.document_id
    await connection.execute(MAKE_OBJECT, row.object_id, row.namespace_id, row.bucket_id, row.fields, key)
    await record_event(connection, row.namespace_id, "object.created", row.object_id, {"bucket_id": row.bucket_id})


async def _labelled(
    connection: Connection, new: NewDocument
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any] | None]:
    """Fields, labels and match of the document: fields that its collection promises are there, if only as null."""
    names = await label_fields_of(connection, new.collection.collection_id)
    promised = {rule.target: rule.default for rule in rules_of(new.collection.feature_extractor)}
    fields = label_values({**promised, **dict.fromkeys(names), **said_inside(new.row.fields, names)}, names)
    set_at = datetime.now(UTC).isoformat()
    given = {name: fields[name] for name in names if fields[name] is not None}
    labels = {name: {"source": IMPORT, "set_at": set_at, "value": value} for name, value in given.items()}
    match = {"matched": False, "confidence": 0.0, **({"source": IMPORT} if given else {})} if names else None
    return fields, labels, match
