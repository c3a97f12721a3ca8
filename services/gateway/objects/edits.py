"""Objects patched and deleted with their documents, each in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import asyncpg

from services.common.database.documents.propagate_edits import propagate_from_object
from services.common.database.events.document_events import GONE, record_changed_documents, record_deleted_documents
from services.common.database.events.object_events import record_deleted_objects
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.taxonomies.applied_taxonomies import as_labels
from services.common.database.taxonomies.decide_again import NOTHING, Affected, decide_again
from services.common.errors import NotFoundError
from services.common.events.event_payloads import changed_fields
from services.common.json.equality import differing
from services.common.json.paths import dotted, said_inside
from services.common.row_types import JsonObject
from services.gateway.objects.creation.merging import INSERT_BLOBS
from services.gateway.objects.reprocessing.changed_inputs import Change, Held
from services.gateway.objects.reprocessing.store import blobs_held, renew

REMOVE = "DELETE FROM blobs WHERE object_id = $1 AND property = ANY($2) RETURNING property, position"
LAST = "SELECT coalesce(max(position), -1) FROM blobs WHERE object_id = $1"

CURRENT = """
    SELECT object_id, namespace_id, key_prefix, fields, human_fields FROM objects
    WHERE bucket_id = $1 AND object_id = $2 FOR NO KEY UPDATE"""
WRITE = """
    UPDATE objects SET fields = fields || $2, human_fields = human_fields || $3, key_prefix = coalesce($4, key_prefix),
      updated_at = CASE WHEN $5 THEN now() ELSE updated_at END
    WHERE object_id = $1"""
LOCK = """
    SELECT object_id, namespace_id, bucket_id FROM objects WHERE bucket_id = $1 AND object_id = ANY($2)
    ORDER BY object_id FOR UPDATE"""
DELETE_DOCUMENTS = f"DELETE FROM documents WHERE object_id = ANY($1) RETURNING {GONE}"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Patched:
    """The object after a patch, the documents that changed with it in these fields, and what rests on them."""

    object_id: str
    document_ids: list[str]
    fields: frozenset[str]
    affected: Affected


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What a deletion found and took away."""

    object_ids: list[str]
    document_ids: list[str]
    affected: Affected = NOTHING


async def patch_object(
    pool: Pool,
    bucket_id: str,
    object_id: str,
    fields: Mapping[str, Any],
    key_prefix: str | None,
    *,
    blobs: Sequence[JsonObject] = (),
) -> Patched:
    """Merges `fields` into the object and propagates them to its documents, as set by a person.

    A label goes to a document only where it is clear that it is about that one: see `object_label_scope`.
    The object's row is locked first, as an ingest does too, so that neither can lose the other's label.
    What was made of a field that changes is processed anew, where it has been processed.
    What the object, or a document, says already is no change of it, and nobody is told.
    `blobs`, rows of the table, replace those of their properties, and what reads them is processed anew.
    """
    set_at = datetime.now(UTC).isoformat()
    async with pool.acquire() as connection, connection.transaction():
        fields = await as_labels(connection, bucket_id, fields)
        row = await connection.fetchrow(CURRENT, bucket_id, object_id)
        if row is None:
            raise NotFoundError.of("object", object_id)
        fields = said_inside(fields, dotted(row["fields"]))
        names = differing(row["fields"], fields, list(fields))
        names += ["key_prefix"] if key_prefix not in (None, row["key_prefix"]) else []
        await _write(connection, row, fields, key_prefix, said_at=set_at, is_changed=bool(names))
        names += ["blobs"] if blobs else []
        if names:
            await _renew(connection, row, bucket_id, fields, blobs)
            payload = {"bucket_id": bucket_id, **changed_fields(names)}
            await record_event(connection, row["namespace_id"], "object.updated", object_id, payload)
        changed = await propagate_from_object(connection, object_id, fields, set_at)
        await record_changed_documents(connection, changed)
        affected = await decide_again(connection, row["namespace_id"])
    touched = frozenset(name for taken in changed.values() for name in taken)
    return Patched(object_id=object_id, document_ids=list(changed), fields=touched, affected=affected)


async def _renew(
    connection: Connection,
    row: asyncpg.Record,
    bucket_id: str,
    fields: Mapping[str, Any],
    blobs: Sequence[JsonObject] = (),
) -> None:
    """Processes anew what was made of a field that says something else now, or of a blob that is replaced."""
    object_id = row["object_id"]
    before = Held(blobs=await blobs_held(connection, object_id), fields=row["fields"])
    await replace_blobs(connection, object_id, blobs)
    after = Held(blobs=await blobs_held(connection, object_id), fields={**row["fields"], **fields})
    change = Change(before=before, after=after, sent=fields, sent_blobs=bool(blobs), is_upload=bool(blobs))
    await renew(connection, object_id, bucket_id, change)


async def _write(
    connection: Connection,
    row: asyncpg.Record,
    fields: Mapping[str, Any],
    key_prefix: str | None,
    *,
    said_at: str,
    is_changed: bool,
) -> None:
    """Writes the fields, and since when a person has said so, which for what they said before stays as it was."""
    said = {name for name in fields if name not in row["human_fields"] or differing(row["fields"], fields, [name])}
    if said or is_changed:
        times = dict.fromkeys(sorted(said), said_at)
        await connection.execute(WRITE, row["object_id"], dict(fields), times, key_prefix, is_changed)


async def delete_object(pool: Pool, bucket_id: str, object_id: str) -> Deleted:
    """Deletes an object with its documents."""
    async with pool.acquire() as connection, connection.transaction():
        deleted = await delete_objects(connection, bucket_id, [object_id], {})
    if not deleted.object_ids:
        raise NotFoundError.of("object", object_id)
    return deleted


async def delete_objects(connection: Connection, bucket_id: str, object_ids: Sequence[str], why: JsonObject) -> Deleted:
    """Deletes those of these objects that are in the bucket, with their documents; the events say `why`."""
    rows = await connection.fetch(LOCK, bucket_id, list(object_ids))
    found = [row["object_id"] for row in rows]
    documents = await connection.fetch(DELETE_DOCUMENTS, found)
    await connection.execute("DELETE FROM objects WHERE object_id = ANY($1)", found)
    gone = [row["document_id"] for row in documents]
    await record_deleted_objects(connection, rows, **why)
    await record_deleted_documents(connection, documents)
    affected = await decide_again(connection, rows[0]["namespace_id"]) if rows else NOTHING
    return Deleted(object_ids=found, document_ids=gone, affected=affected)


async def replace_blobs(connection: Connection, object_id: str, blobs: Sequence[dict[str, Any]]) -> None:
    """Puts the blobs, rows of the table, in the place of those of their properties; the object has been locked."""
    if not blobs:
        return
    rows = await connection.fetch(REMOVE, object_id, [blob["property"] for blob in blobs])
    places = {row["property"]: row["position"] for row in rows}
    after = count(1 + max(await connection.fetchval(LAST, object_id), *places.values(), -1))
    moved = [{**blob, "position": places.pop(blob["property"], None)} for blob in blobs]
    placed = [{**blob, "position": next(after) if blob["position"] is None else blob["position"]} for blob in moved]
    await connection.execute(INSERT_BLOBS, object_id, placed)
