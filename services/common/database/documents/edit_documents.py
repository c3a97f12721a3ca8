"""A person's changes of documents: fields and labels, on these documents alone, many in one transaction.

A label set here is the document's own: the other documents of its object keep theirs. An object that had the label
which all its documents of a collection have lost is renamed with them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg

from services.common.database.documents.propagate_edits import labelled, propagate_from_documents, write_labelled
from services.common.database.documents.rejected_parts import reject_parts
from services.common.database.documents.rename_on_objects import rename_on_objects
from services.common.database.documents.vectorized_fields_guard import require_not_vectorized
from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import GONE, record_changed_documents, record_deleted_documents
from services.common.database.events.object_events import record_deleted_objects
from services.common.database.pool import Connection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import NotFoundError
from services.common.json.paths import dotted, said_inside
from services.common.labels.human_labels import LabelledDocument
from services.common.labels.inherited_edits import changed_names, said_by_person

JsonObject = dict[str, Any]

OBJECTS = "SELECT DISTINCT object_id FROM documents WHERE document_id = ANY($1) AND namespace_id = $2"
FIND = f"""
    SELECT {GONE}, fields, labels, taxonomy_match, internal -> 'withdrawn' AS withdrawn FROM documents
    WHERE document_id = ANY($1) AND namespace_id = $2 AND ($3::text IS NULL OR collection_id = $3)
    ORDER BY document_id FOR UPDATE"""  # noqa: S608
FOLLOWERS = f"""
    WITH RECURSIVE made AS (
      SELECT document_id FROM documents WHERE source_document_id = ANY($1)
      UNION SELECT d.document_id FROM documents d JOIN made m ON d.source_document_id = m.document_id
    )
    SELECT {GONE} FROM documents
    WHERE document_id IN (SELECT document_id FROM made) AND document_id <> ALL($1)"""  # noqa: S608
DELETE = "DELETE FROM documents WHERE document_id = ANY($1)"
DELETE_OWN = """
    DELETE FROM objects WHERE idempotency_key = ANY($1) AND namespace_id = $2 AND object_id = ANY($3)
    RETURNING object_id, namespace_id, bucket_id"""
OWN_OBJECT = "document:"


@dataclass(frozen=True, kw_only=True)
class Edited:
    """The documents that there are, and those of them that did not say it all before."""

    found: list[str]
    changed: list[str]


@dataclass(frozen=True, kw_only=True)
class Within:
    """Where documents may lie: a namespace, and a collection when one is named."""

    namespace_id: str
    collection_id: str | None = None


async def edit_documents(connection: Connection, within: Within, edits: Mapping[str, JsonObject]) -> Edited:
    """Sets fields of each document as a person does, in the caller's transaction.

    A dotted name sets a field inside another; null clears. A label field becomes a human label. Documents that other
    collections made of these follow. One that says all of it already is left as it is, and nobody is told.
    InvalidArgumentError names a field that a vector was made of.
    """
    rows = await _locked(connection, within, list(edits))
    carried = {row["document_id"]: whole_fields(row["fields"], edits[row["document_id"]]) for row in rows}
    await require_not_vectorized(connection, carried)
    label_fields = {
        collection_id: await label_fields_of(connection, collection_id)
        for collection_id in {row["collection_id"] for row in rows}
    }
    set_at = datetime.now(UTC).isoformat()
    written: dict[str, LabelledDocument] = {}
    changed: dict[str, Iterable[str]] = {}
    for row in rows:
        after = edited_document(row, edits[row["document_id"]], label_fields[row["collection_id"]], set_at)
        if names := changed_names(labelled(row), after):
            written[row["document_id"]], changed[row["document_id"]] = after, names
    await write_labelled(connection, written)
    objects = [row["object_id"] for row in rows if row["document_id"] in written]
    await rename_on_objects(connection, objects, label_fields, set_at)
    followers = await propagate_from_documents(connection, carried, set_at)
    await record_changed_documents(connection, {**followers, **changed})
    return Edited(found=[row["document_id"] for row in rows], changed=list(changed))


async def edit_document(connection: Connection, within: Within, document_id: str, changes: JsonObject) -> Edited:
    """Sets fields of one document; NotFoundError when there is none."""
    edited = await edit_documents(connection, within, {document_id: changes})
    if not edited.found:
        raise NotFoundError.of("document", document_id)
    return edited


async def delete_documents(connection: Connection, within: Within, document_ids: Sequence[str]) -> list[str]:
    """Deletes documents, and the objects that were made for them alone; returns the ids that existed.

    Documents that other collections made of them go with them. A part of an object, such as a face, stays gone.
    """
    rows = await _locked(connection, within, document_ids)
    ids = [row["document_id"] for row in rows]
    gone = [*rows, *await connection.fetch(FOLLOWERS, ids)]
    every = [row["document_id"] for row in gone]
    await reject_parts(connection, ids)
    await connection.execute(DELETE, every)
    objects = await connection.fetch(
        DELETE_OWN, [OWN_OBJECT + each for each in every], within.namespace_id, [row["object_id"] for row in gone]
    )
    await record_deleted_documents(connection, gone)
    await record_deleted_objects(connection, objects)
    return ids


def edited_document(
    row: Mapping[str, Any] | asyncpg.Record, changes: JsonObject, label_fields: Sequence[str], set_at: str
) -> LabelledDocument:
    """The document after a person set these fields; its `taxonomy_match` is about the first of the label fields."""
    return said_by_person(labelled(row), whole_fields(row["fields"], changes), label_fields, set_at)


def whole_fields(before: Mapping[str, Any], changes: JsonObject) -> JsonObject:
    """The changed fields at the root, where `a.b` changes b inside of a and keeps what else a holds.

    A key with dots that stands there already is the same field, and changes with what holds it.
    """
    changed: JsonObject = {}
    for name, value in changes.items():
        root, _, rest = name.partition(".")
        if not rest or name in before:
            changed[name] = value
        else:
            changed[root] = _with(changed.get(root, before.get(root)), rest.split("."), value)
    return said_inside(changed, dotted(before))


def _with(before: Any, parts: Sequence[str], value: Any) -> Any:
    if not parts:
        return value
    inside = before if isinstance(before, dict) else {}
    return {**inside, parts[0]: _with(inside.get(parts[0]), parts[1:], value)}


async def _locked(connection: Connection, within: Within, document_ids: Sequence[str]) -> list[asyncpg.Record]:
    objects = await connection.fetch(OBJECTS, list(document_ids), within.namespace_id)
    await lock_objects(connection, [row["object_id"] for row in objects])
    return await connection.fetch(FIND, list(document_ids), within.namespace_id, within.collection_id)
