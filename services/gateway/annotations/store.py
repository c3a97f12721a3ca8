"""Annotations in the database: each change keeps what was there before, and tells of itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Executor
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import NotFoundError
from services.common.events.event_payloads import changed_fields
from services.common.ids import new_id
from services.common.json.equality import differing
from services.gateway.annotations.verdicts import judged_label, verdict_of

JsonObject = dict[str, Any]

GIVEN = (
    "document_id, collection_id, label, confidence, reasoning, payload, metadata, "
    "retriever_id, execution_id, stage_name"
)
INSERT = f"""
    INSERT INTO annotations (annotation_id, namespace_id, actor_id, actor_type, judged, verdict, {GIVEN})
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) RETURNING *"""  # noqa: S608
FIND = "SELECT * FROM annotations WHERE annotation_id = $1 AND namespace_id = $2 AND deleted_at IS NULL"
UPDATE = """
    UPDATE annotations SET label = $2, confidence = $3, reasoning = $4, payload = $5, metadata = $6, verdict = $7,
      version = version + 1, updated_at = clock_timestamp() WHERE annotation_id = $1 RETURNING *"""
KEEP = """
    INSERT INTO annotation_revisions (annotation_id, version, prior, edited_at, edited_by, edited_by_type)
    VALUES ($1, $2, $3, $4, $5, $6)"""
REVISIONS = "SELECT * FROM annotation_revisions WHERE annotation_id = ANY($1) ORDER BY annotation_id, version"
EDITABLE = ("label", "confidence", "reasoning", "payload", "metadata")
EDITED = (*EDITABLE, "verdict")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who annotates: a user of an API key, or the key itself."""

    actor_id: str
    actor_type: str


async def add_annotation(
    connection: Connection, namespace_id: str, given: Mapping[str, Any], actor: Actor
) -> asyncpg.Record:
    """Stores an annotation of a document of this namespace, with its verdict."""
    document = await _document(connection, namespace_id, given["document_id"])
    label_fields = await label_fields_of(connection, document["collection_id"])
    judged = judged_label(document["labels"], label_fields, given["payload"])
    values = {**given, "collection_id": document["collection_id"]}
    row = await connection.fetchrow(
        INSERT,
        new_id("ann", 16),
        namespace_id,
        actor.actor_id,
        actor.actor_type,
        judged,
        verdict_of(given["label"], judged),
        *(values[name] for name in GIVEN.split(", ")),
    )
    assert row is not None
    await _tell(connection, "annotation.created", row)
    return row


async def _document(db: Executor, namespace_id: str, document_id: str) -> asyncpg.Record:
    query = "SELECT collection_id, labels FROM documents WHERE document_id = $1 AND namespace_id = $2 FOR SHARE"
    row = await db.fetchrow(query, document_id, namespace_id)
    if row is None:
        raise NotFoundError.of("document", document_id)
    return row


async def get_annotation(db: Executor, namespace_id: str, annotation_id: str, *, lock: bool = False) -> asyncpg.Record:
    """An annotation of this namespace."""
    row = await db.fetchrow(FIND + (" FOR UPDATE" if lock else ""), annotation_id, namespace_id)
    if row is None:
        raise NotFoundError.of("annotation", annotation_id)
    return row


async def edit_annotation(
    connection: Connection, namespace_id: str, annotation_id: str, changes: Mapping[str, Any], actor: Actor
) -> asyncpg.Record:
    """A new version with these changes; without any, the annotation stays as it is."""
    row = await get_annotation(connection, namespace_id, annotation_id, lock=True)
    after = {name: changes.get(name, row[name]) for name in EDITABLE}
    after["verdict"] = verdict_of(after["label"], row["judged"])
    prior = {name: row[name] for name in differing(dict(row), after, EDITED)}
    if not prior:
        return row
    changed = await connection.fetchrow(UPDATE, annotation_id, *(after[name] for name in EDITED))
    assert changed is not None
    await connection.execute(
        KEEP, annotation_id, row["version"], prior, changed["updated_at"], actor.actor_id, actor.actor_type
    )
    await _tell(connection, "annotation.updated", changed, **changed_fields(prior))
    return changed


async def remove_annotation(connection: Connection, namespace_id: str, annotation_id: str) -> str:
    """Deletes an annotation; lists as of an earlier time still show it. Returns the id of its document."""
    row = await get_annotation(connection, namespace_id, annotation_id, lock=True)
    await connection.execute(
        "UPDATE annotations SET deleted_at = clock_timestamp() WHERE annotation_id = $1", annotation_id
    )
    await _tell(connection, "annotation.deleted", row)
    return str(row["document_id"])


async def _tell(connection: Connection, event: str, row: asyncpg.Record, **changed: Any) -> None:
    payload = {name: row[name] for name in ("document_id", "collection_id", "label", "verdict", "version")}
    await record_event(connection, row["namespace_id"], event, row["annotation_id"], payload | changed)


async def revisions_of(db: Executor, annotation_ids: Sequence[str]) -> dict[str, list[JsonObject]]:
    """Annotation id -> its revisions, the oldest first."""
    found: dict[str, list[JsonObject]] = {each: [] for each in annotation_ids}
    for row in await db.fetch(REVISIONS, list(annotation_ids)):
        values = dict(row)
        found[values.pop("annotation_id")].append(values)
    return found
