"""What a decision changes, kept so that it can be taken back: documents and the objects that they were made from."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import asyncpg

from services.common.database.documents.propagate_edits import labelled, write_labelled
from services.common.database.events.document_events import record_changed_documents
from services.common.database.events.outbox import Event, record_all
from services.common.database.pool import Connection
from services.common.events.event_payloads import changed_fields
from services.common.json.equality import same_value

JsonObject = dict[str, Any]
Subject = tuple[str, str]
"""("document" or "object", its id)."""
DOCUMENTS = """
    SELECT document_id, fields, labels, taxonomy_match, internal -> 'withdrawn' AS withdrawn,
           (SELECT to_jsonb(m) - 'document_id' - 'field' FROM review_marks m
            WHERE m.document_id = d.document_id AND m.field = $2) AS mark
    FROM documents d WHERE object_id = ANY($1) ORDER BY document_id"""
OBJECTS = "SELECT object_id, bucket_id, namespace_id, fields, human_fields FROM objects WHERE object_id = ANY($1)"
KEEP = """
    INSERT INTO review_changes (namespace_id, decision_id, kind, subject_id, before, after)
    SELECT $1, $2, * FROM unnest($3::text[], $4::text[], $5::jsonb[], $6::jsonb[])"""
KEPT = "SELECT kind, subject_id, before, after FROM review_changes WHERE namespace_id = $1 AND decision_id = $2"
MARK = """
    INSERT INTO review_marks (document_id, field, mark, decision_id)
    SELECT document_id, $2, mark, decision_id FROM unnest($1::text[], $3::text[], $4::text[])
      AS new (document_id, mark, decision_id)
    ON CONFLICT (document_id, field) DO UPDATE SET mark = excluded.mark, decision_id = excluded.decision_id"""
UNMARK = "DELETE FROM review_marks WHERE document_id = ANY($1) AND field = $2"
RESTORE = """
    UPDATE objects o SET fields = new.fields, human_fields = new.human_fields, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[]) AS new (object_id, fields, human_fields)
    WHERE o.object_id = new.object_id"""
PARTS = ("fields", "labels", "taxonomy_match", "mark", "human_fields")
MISSING = object()


async def state_of(connection: Connection, object_ids: Sequence[str], field: str) -> dict[Subject, JsonObject]:
    """Everything that a decision about documents of these objects may touch; the caller holds the objects' locks."""
    rows = await connection.fetch(DOCUMENTS, list(object_ids), field)
    state: dict[Subject, JsonObject] = {("document", row["document_id"]): dict(row) for row in rows}
    for row in await connection.fetch(OBJECTS, list(object_ids)):
        state["object", row["object_id"]] = dict(row)
    return state


async def keep_changes(
    connection: Connection,
    namespace_id: str,
    decision_id: str,
    before: Mapping[Subject, JsonObject],
    after: Mapping[Subject, JsonObject],
) -> None:
    """Keeps, of each subject that is otherwise now, what was changed."""
    changes = [(key, *differences(before[key], after[key])) for key in after if key in before]
    changed = [(key, was, now) for key, was, now in changes if was or now]
    if changed:
        columns = ([each[0][0] for each in changed], [each[0][1] for each in changed])
        values = ([each[1] for each in changed], [each[2] for each in changed])
        await connection.execute(KEEP, namespace_id, decision_id, *columns, *values)


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[JsonObject, JsonObject]:
    """What changed, as it was and as it is; of objects key by key, a key that is not there left out."""
    was: JsonObject = {}
    now: JsonObject = {}
    for part in PARTS:
        old, new = before.get(part), after.get(part)
        if part in ("taxonomy_match", "mark"):
            if old != new:
                was[part], now[part] = old, new
        elif names := [each for each in {**(old or {}), **(new or {})} if not _same(old or {}, new or {}, each)]:
            was[part] = {each: old[each] for each in names if old and each in old}
            now[part] = {each: new[each] for each in names if new and each in new}
    return was, now


def _same(one: Mapping[str, Any], other: Mapping[str, Any], name: str) -> bool:
    first, second = one.get(name, MISSING), other.get(name, MISSING)
    return first is second or (MISSING not in (first, second) and same_value(first, second))


def undone(current: Mapping[str, Any], was: JsonObject, now: JsonObject) -> JsonObject:
    """The subject as it was; what has changed since in other ways stays."""
    restored = dict(current)
    for part in was.keys() | now.keys():
        if part in ("taxonomy_match", "mark"):
            restored[part] = was.get(part)
        else:
            kept = {name: value for name, value in (current[part] or {}).items() if name not in now.get(part, {})}
            restored[part] = {**kept, **was.get(part, {})}
    return restored


def stands(current: Mapping[str, Any], now: JsonObject) -> bool:
    """Whether a subject still is as a decision left it."""
    whole = all(current[part] == now[part] for part in ("mark",) if part in now)
    inside = ((current[part] or {}, now[part]) for part in ("labels", "human_fields") if part in now)
    return whole and all(_same(found, left, name) for found, left in inside for name in left)


async def kept_changes(connection: Connection, namespace_id: str, decision_id: str) -> dict[Subject, asyncpg.Record]:
    """What a decision changed."""
    rows = await connection.fetch(KEPT, namespace_id, decision_id)
    return {(row["kind"], row["subject_id"]): row for row in rows}


async def restore(connection: Connection, field: str, restored: Mapping[Subject, JsonObject]) -> None:
    """Writes documents and objects as they were, and tells of it."""
    documents = {key: each for (kind, key), each in restored.items() if kind == "document"}
    objects = {key: each for (kind, key), each in restored.items() if kind == "object"}
    await write_labelled(connection, {key: labelled(each) for key, each in documents.items()})
    await record_changed_documents(connection, {key: [field] for key in documents})
    await _restore_marks(connection, field, documents)
    if objects:
        values = list(objects.values())
        columns = ([each["fields"] for each in values], [each["human_fields"] for each in values])
        await connection.execute(RESTORE, list(objects), *columns)
        await record_all(connection, [_event(each, field) for each in values])


def _event(row: JsonObject, field: str) -> Event:
    payload = {"bucket_id": row["bucket_id"], **changed_fields([field])}
    return Event(
        namespace_id=row["namespace_id"], event_type="object.updated", subject_id=row["object_id"], payload=payload
    )


async def _restore_marks(connection: Connection, field: str, documents: Mapping[str, JsonObject]) -> None:
    marked = {key: each["mark"] for key, each in documents.items() if each["mark"]}
    await connection.execute(UNMARK, [key for key in documents if key not in marked], field)
    await set_marks(connection, field, {key: (mark["mark"], mark["decision_id"]) for key, mark in marked.items()})


async def set_marks(connection: Connection, field: str, marks: Mapping[str, tuple[str, str]]) -> None:
    """Document id -> (mark, the decision that set it)."""
    if marks:
        columns = ([each[0] for each in marks.values()], [each[1] for each in marks.values()])
        await connection.execute(MARK, list(marks), field, *columns)


async def unmark(connection: Connection, field: str, document_ids: Iterable[str]) -> None:
    """Takes marks away: a document that has a label is neither unknown nor ignored."""
    await connection.execute(UNMARK, list(document_ids), field)
