"""The events of documents: each says where its document belongs, and one more tells of many at once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.events.outbox import Event, new_event_id, record_all
from services.common.database.pool import Connection
from services.common.events.event_payloads import changed_fields, listed_ids

PLACE = ("collection_id", "object_id", "bucket_id")
# What a DELETE of documents must return for their events.
GONE = "document_id, namespace_id, collection_id, object_id, bucket_id"
# What writing documents must return for theirs.
WRITTEN = f"{GONE}, xmax = 0 AS created"
CHANGED = """
    INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
    SELECT event_id, d.namespace_id, 'document.updated', 'document', d.document_id, changed || $4
      || jsonb_build_object('collection_id', d.collection_id, 'object_id', d.object_id, 'bucket_id', d.bucket_id)
    FROM unnest($1::text[], $2::text[], $3::jsonb[]) AS event (event_id, document_id, changed)
    JOIN documents d USING (document_id)"""


async def record_changed_documents(connection: Connection, changed: Mapping[str, Iterable[str]], **why: Any) -> None:
    """Document id -> the names of its fields that were changed; ids of documents that are gone are left out."""
    if changed:
        ids, payloads = list(changed), [changed_fields(names) for names in changed.values()]
        await connection.execute(CHANGED, [new_event_id() for _ in ids], ids, payloads, why)


async def record_deleted_documents(connection: Connection, rows: Sequence[asyncpg.Record], **why: Any) -> None:
    """Tells of documents that a statement deleted, whose rows hold GONE."""
    await record_all(connection, [_event("document.deleted", row, why) for row in rows])


async def record_written_documents(connection: Connection, rows: Sequence[asyncpg.Record]) -> None:
    """Tells of each document that it was `created` or written anew, then of each collection what came into it.

    The rows hold WRITTEN.
    """
    each = [_event("document.created" if row["created"] else "document.updated", row, {}) for row in rows]
    await record_all(connection, [*each, *_of_collections(rows)])


async def record_documents_batch(
    connection: Connection, namespace_id: str, verb: str, collection_id: str, ids: Sequence[str], **why: Any
) -> None:
    """One event `documents.<verb>.batch` about many documents of a collection, beside those of each document."""
    payload = {"collection_id": collection_id, **listed_ids("document", ids), **why}
    event_type = f"documents.{verb}.batch"
    event = Event(namespace_id=namespace_id, event_type=event_type, subject_id=collection_id, payload=payload)
    await record_all(connection, [event] if ids else [])


def _of_collections(rows: Sequence[asyncpg.Record]) -> list[Event]:
    written: dict[tuple[str, str], list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        written[row["namespace_id"], row["collection_id"]].append(row)
    return [_written(*key, within) for key, within in written.items()]


def _written(namespace_id: str, collection_id: str, rows: Sequence[asyncpg.Record]) -> Event:
    ids, created = [row["document_id"] for row in rows], sum(row["created"] for row in rows)
    counts = {"created_count": created, "updated_count": len(ids) - created}
    return Event(
        namespace_id=namespace_id,
        event_type="collection.documents.written",
        subject_id=collection_id,
        payload={"collection_id": collection_id, **listed_ids("document", ids), **counts},
    )


def _event(event_type: str, row: asyncpg.Record, why: Mapping[str, Any]) -> Event:
    return Event(
        namespace_id=row["namespace_id"],
        event_type=event_type,
        subject_id=row["document_id"],
        payload={**{name: row[name] for name in PLACE}, **why},
    )
