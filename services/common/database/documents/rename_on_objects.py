"""Objects follow the labels that a person gives to their documents, so that no old spelling comes back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import asyncpg

from services.common.database.events.outbox import Event, record_all
from services.common.database.pool import Connection
from services.common.events.event_payloads import changed_fields
from services.common.json.paths import with_each
from services.common.labels.renamed_labels import renamed_labels

# Of each object the documents that are directly of it, in one collection.
READ = """
    SELECT o.object_id, o.namespace_id, o.bucket_id, o.fields, c.collection_id, c.extractor, c.feature_extractor,
           array_agg(d.fields ORDER BY d.document_id) AS documents
    FROM objects o JOIN documents d USING (object_id) JOIN collections c USING (collection_id)
    WHERE o.object_id = ANY($1) AND c.collection_id = ANY($2) AND d.source_document_id IS NULL
    GROUP BY o.object_id, c.collection_id"""
WRITE = """
    UPDATE objects o SET fields = new.fields, human_fields = o.human_fields || new.said, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[]) AS new (object_id, fields, said)
    WHERE o.object_id = new.object_id"""


async def rename_on_objects(
    connection: Connection, object_ids: Iterable[str], label_fields: Mapping[str, Sequence[str]], set_at: str
) -> None:
    """Renames labels of objects whose documents a person has just labelled; the caller holds the objects' locks.

    `label_fields` are those of each collection that was edited. Documents of other collections stay as they are.
    """
    rows = await connection.fetch(READ, sorted(set(object_ids)), list(label_fields))
    renamed: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in rows:
        found = renamed_labels(
            row["fields"],
            row["documents"],
            label_fields[row["collection_id"]],
            extractor=row["extractor"],
            feature_extractor=row["feature_extractor"],
        )
        if found:
            renamed[row["object_id"]] |= found
    await _write(connection, {row["object_id"]: row for row in rows}, renamed, set_at)


async def _write(
    connection: Connection, rows: Mapping[str, asyncpg.Record], renamed: Mapping[str, dict[str, Any]], set_at: str
) -> None:
    if not renamed:
        return
    fields = [_with(rows[object_id]["fields"], changes) for object_id, changes in renamed.items()]
    said = [dict.fromkeys(changes, set_at) for changes in renamed.values()]
    await connection.execute(WRITE, list(renamed), fields, said)
    await record_all(connection, [_event(rows[object_id], changes) for object_id, changes in renamed.items()])


def _with(fields: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    after = dict(fields)
    for path, value in changes.items():
        after = with_each(after, [path], partial(_instead, value))
    return after


def _instead(value: Any, _old: Any) -> Any:
    return value


def _event(row: asyncpg.Record, changes: Mapping[str, Any]) -> Event:
    return Event(
        namespace_id=row["namespace_id"],
        event_type="object.updated",
        subject_id=row["object_id"],
        payload={"bucket_id": row["bucket_id"], **changed_fields(changes)},
    )
