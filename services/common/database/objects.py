"""Objects patched and deleted with their documents, each in one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.common.database.carriers import carry_from_object
from services.common.database.document_events import GONE, tell_changed, tell_gone
from services.common.database.object_events import tell_objects_gone
from services.common.database.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.common.database.records import JsonObject
from services.common.errors import NotFoundError
from services.common.event_payloads import changed_fields

LOCK = """
    SELECT object_id, namespace_id, bucket_id FROM objects WHERE bucket_id = $1 AND object_id = ANY($2)
    ORDER BY object_id FOR UPDATE"""
DELETE_DOCUMENTS = f"DELETE FROM documents WHERE object_id = ANY($1) RETURNING {GONE}"  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Patched:
    """The object after a patch, and the documents that changed with it."""

    object_id: str
    document_ids: list[str]


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What a deletion found and took away."""

    object_ids: list[str]
    document_ids: list[str]


async def patch_object(
    pool: Pool, bucket_id: str, object_id: str, fields: Mapping[str, Any], key_prefix: str | None
) -> Patched:
    """Merges `fields` into the object and carries them to its documents, as set by a person.

    A label goes to a document only where it is clear that it is about that one: see `label_reach`.
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
        changed = await carry_from_object(connection, object_id, fields, set_at)
        payload = {"bucket_id": bucket_id, **changed_fields(fields)}
        await record_event(connection, namespace_id, "object.updated", object_id, payload)
        await tell_changed(connection, changed)
    return Patched(object_id=object_id, document_ids=list(changed))


async def delete_object(pool: Pool, bucket_id: str, object_id: str) -> list[str]:
    """Deletes an object with its documents; returns their ids."""
    async with pool.acquire() as connection, connection.transaction():
        deleted = await delete_objects(connection, bucket_id, [object_id], {})
    if not deleted.object_ids:
        raise NotFoundError.of("object", object_id)
    return deleted.document_ids


async def delete_objects(connection: Connection, bucket_id: str, object_ids: Sequence[str], why: JsonObject) -> Deleted:
    """Deletes those of these objects that are in the bucket, with their documents; the events say `why`."""
    rows = await connection.fetch(LOCK, bucket_id, list(object_ids))
    found = [row["object_id"] for row in rows]
    documents = await connection.fetch(DELETE_DOCUMENTS, found)
    await connection.execute("DELETE FROM objects WHERE object_id = ANY($1)", found)
    gone = [row["document_id"] for row in documents]
    await tell_objects_gone(connection, rows, **why)
    await tell_gone(connection, documents)
    return Deleted(object_ids=found, document_ids=gone)
