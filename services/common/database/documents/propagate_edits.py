"""Propagating what a person changed to the documents that take it over, as set by that person."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.database.taxonomies.decide_again import decide_cleared
from services.common.json.equality import differing
from services.common.labels.human_labels import LabelledDocument
from services.common.labels.inherited_edits import OBJECT, Inheritor, changed_names, inherit, said_by_person

JsonObject = dict[str, Any]
# Document id -> the fields that changed, of those that it took over; one that said all of it before is left out.
Propagated = dict[str, JsonObject]
OF_OBJECT = """
    SELECT d.document_id, d.collection_id, d.source_document_id, d.fields, d.labels, d.taxonomy_match,
           d.internal -> 'withdrawn' AS withdrawn, c.extractor, c.feature_extractor,
           ARRAY(SELECT field FROM labellers l, unnest(l.label_fields) WITH ORDINALITY AS of_one (field, number)
                 WHERE l.collection_id = c.collection_id
                 ORDER BY l.inline DESC, l.execution_phase, l.priority DESC, l.position, number) AS label_fields
    FROM documents d JOIN collections c USING (collection_id)
    WHERE d.object_id = $1 ORDER BY d.document_id FOR UPDATE OF d"""
WRITE = """
    UPDATE documents d SET fields = new.fields, labels = new.labels, taxonomy_match = new.taxonomy_match,
      updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[]) AS new (document_id, fields, labels, taxonomy_match)
    WHERE d.document_id = new.document_id"""
MERGE = """
    UPDATE documents d SET fields = d.fields || new.fields, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[]) AS new (document_id, fields) WHERE d.document_id = new.document_id"""
WITH_FOLLOWERS = """
    SELECT s.object_id, array_agg(DISTINCT s.document_id) AS document_ids
    FROM documents s JOIN documents d ON d.source_document_id = s.document_id
    WHERE s.document_id = ANY($1) GROUP BY s.object_id"""


async def propagate_from_object(
    connection: Connection, object_id: str, changed: Mapping[str, Any], set_at: str
) -> Propagated:
    """Changes the documents of an object, which the caller has locked, as its own change."""
    return await _propagate(connection, object_id, {OBJECT: changed}, set_at)


async def propagate_from_documents(
    connection: Connection, changed: Mapping[str, JsonObject], set_at: str
) -> Propagated:
    """Changes the documents that were made from these, whose objects the caller has locked."""
    rows = await connection.fetch(WITH_FOLLOWERS, list(changed))
    found: Propagated = {}
    for row in rows:
        ours = {document_id: changed[document_id] for document_id in row["document_ids"]}
        found |= await _propagate(connection, row["object_id"], ours, set_at)
    return found


async def propagate_from_upload(connection: Connection, object_id: str, changed: Mapping[str, Any]) -> Propagated:
    """Like propagate_from_object, but nobody has said so: no label is touched."""
    rows = {row["document_id"]: row for row in await connection.fetch(OF_OBJECT, object_id)}
    inherited = inherit([_inheritor(row) for row in rows.values()], {OBJECT: changed})
    plain = {document_id: _plain(rows[document_id], fields) for document_id, fields in inherited.items()}
    after = {document_id: fields for document_id, fields in plain.items() if fields}
    await connection.execute(MERGE, list(after), list(after.values()))
    return after


async def _propagate(
    connection: Connection, object_id: str, changed: Mapping[str | None, Mapping[str, Any]], set_at: str
) -> Propagated:
    rows = {row["document_id"]: row for row in await connection.fetch(OF_OBJECT, object_id)}
    inheritors = {document_id: _inheritor(row) for document_id, row in rows.items()}
    found: Propagated = {}
    written: dict[str, LabelledDocument] = {}
    for document_id, fields in inherit(list(inheritors.values()), changed).items():
        before = labelled(rows[document_id])
        after = said_by_person(before, fields, inheritors[document_id].label_fields, set_at)
        if names := changed_names(before, after):
            written[document_id] = after
            found[document_id] = {name: after.fields.get(name) for name in names}
    await write_labelled(connection, written)
    return found


def _plain(row: asyncpg.Record, fields: Mapping[str, Any]) -> JsonObject:
    """Of these fields those that are no label of the document, and say something else than before."""
    plain = {field: value for field, value in fields.items() if field not in row["label_fields"]}
    return {field: plain[field] for field in differing(row["fields"], plain, list(plain))}


async def write_labelled(connection: Connection, documents: Mapping[str, LabelledDocument]) -> None:
    """Writes what labels touch of documents, by id; those that did not change are left out by the caller."""
    if documents:
        after = list(documents.values())
        columns = ([each.fields for each in after], [each.labels for each in after])
        await connection.execute(WRITE, list(documents), *columns, [each.taxonomy_match for each in after])
        await decide_cleared(connection, documents)


def _inheritor(row: asyncpg.Record) -> Inheritor:
    return Inheritor(
        document_id=row["document_id"],
        collection_id=row["collection_id"],
        source=row["source_document_id"],
        extractor=row["extractor"],
        feature_extractor=row["feature_extractor"],
        label_fields=tuple(dict.fromkeys(row["label_fields"])),
    )


def labelled(row: Mapping[str, Any] | asyncpg.Record) -> LabelledDocument:
    """What labels touch of a document's row."""
    return LabelledDocument(
        fields=row["fields"],
        labels=row["labels"],
        taxonomy_match=row["taxonomy_match"],
        withdrawn=row["withdrawn"] or {},
    )
