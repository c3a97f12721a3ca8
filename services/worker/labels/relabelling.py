"""Documents labelled anew, some at a time: what the taxonomies say now is written where a machine may write."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import record_changed_documents, record_documents_batch
from services.common.database.pool import Connection, Executor
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.database.taxonomies.decide_again import judge_again
from services.common.extractors.passthrough import label_source, rules_of
from services.common.labels.object_label_scope import is_ambiguous
from services.common.row_types import Collection, ObjectFields, StoredDocument
from services.worker.domain import Decision, JsonObject
from services.worker.labels.inherited_labels import Changed, hand_down
from services.worker.labels.label_precedence import said_at
from services.worker.labels.relabelled_document import Relabelling, of_persons, open_fields, relabelled, without

FIELDS = """
    SELECT label_fields FROM labellers WHERE collection_id = $1 AND coalesce(taxonomy_id, '') = ANY($2)"""
# All in one order, with those that lend their labels, which are looked at again: so no two tasks wait for each other.
LOCK = "SELECT FROM documents WHERE document_id = ANY($1) ORDER BY document_id FOR UPDATE"
READ = """
    SELECT d.document_id, d.object_id, d.fields, d.labels, d.taxonomy_match, d.internal,
      (SELECT count(*) FROM documents x WHERE x.object_id = d.object_id AND x.collection_id = d.collection_id) AS parts
    FROM documents d WHERE d.document_id = ANY($1) ORDER BY d.document_id FOR UPDATE OF d"""
WRITE = """
    UPDATE documents d SET fields = new.fields, labels = new.labels, taxonomy_match = new.taxonomy_match,
      internal = new.internal, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[], $5::jsonb[])
      AS new (document_id, fields, labels, taxonomy_match, internal)
    WHERE d.document_id = new.document_id"""

Ask = Callable[[pb.EnrichRequest], Awaitable[Sequence[tuple[Decision, ...]]]]
Refresh = Callable[[Sequence[str]], Awaitable[object]]
Decided = Mapping[str, tuple[Decision, ...]]
Fallen = Mapping[str, Sequence[str]]
"""Document id -> its labels that rest on what is no more: they do not stay, whatever is decided."""


@dataclass(frozen=True, kw_only=True)
class RelabellingContext:
    """One collection and who decides; events say `why`."""

    collection: Collection
    by: Relabelling
    fields: tuple[str, ...]
    why: JsonObject


async def relabelling_context(
    db: Executor, collection: Collection, taxonomy_ids: Sequence[str], why: JsonObject
) -> RelabellingContext:
    """The context in which these decide; "" stands for retriever enrichments."""
    every = await label_fields_of(db, collection.collection_id)
    rows = await db.fetch(FIELDS, collection.collection_id, taxonomy_ids)
    by = Relabelling(
        taxonomy_ids=frozenset(taxonomy_ids),
        primary=every[0] if every else None,
        model=collection.model,
        now=datetime.now(UTC).isoformat(),
    )
    fields = tuple(dict.fromkeys(field for row in rows for field in row["label_fields"]))
    return RelabellingContext(collection=collection, by=by, fields=fields, why=why)


async def decide(ask: Ask, collection: Collection, rows: Sequence[asyncpg.Record], *, afresh: bool = True) -> Decided:
    """What is decided of stored documents now.

    `afresh` is by examples that people gave inside their collection, and an error where a taxonomy cannot run; else it
    is as for an upload.
    """
    request = pb.EnrichRequest(
        namespace_id=collection.namespace_id,
        collection_id=collection.collection_id,
        subjects=[
            pb.Subject(subject_id=row["document_id"], object_id=row["object_id"], document_id=row["document_id"])
            for row in rows
        ],
        afresh=afresh,
    )
    return {row["document_id"]: answer for row, answer in zip(rows, await ask(request), strict=True)}


async def write(
    connection: Connection,
    context: RelabellingContext,
    rows: Sequence[asyncpg.Record],
    decided: Decided,
    fallen: Fallen,
) -> list[str]:
    """Writes what changed, with its events, in the caller's transaction; the ids of what changed.

    Documents that were made of these, and took a label over, change with them.
    """
    objects = await lock_objects(connection, {row["object_id"] for row in rows})
    await connection.execute(LOCK, [*decided, *_lenders(decided)])
    stored = await connection.fetch(READ, [row["document_id"] for row in rows])
    changed: dict[str, StoredDocument] = {}
    for row in stored:
        document_id, current = row["document_id"], objects.get(row["object_id"])
        after = _after(row, current, decided[document_id], context, fallen.get(document_id, ()))
        if after is not None:
            changed[document_id] = after
    await _store(connection, changed)
    before = {row["document_id"]: _document(row) for row in stored}
    pairs = {key: Changed(before=before[key], after=after) for key, after in changed.items()}
    followers = await hand_down(connection, pairs, context.why)
    await judge_again(connection, [row["document_id"] for row in stored])
    await _tell(connection, context, {row["document_id"]: row["fields"] for row in stored}, changed)
    return [*changed, *followers]


def _lenders(decided: Decided) -> set[str]:
    return {
        str(lent["document_id"])
        for decisions in decided.values()
        for decision in decisions
        for value in decision.values
        for lent in value.rests_on
    }


def _document(row: asyncpg.Record) -> StoredDocument:
    return StoredDocument(
        fields=row["fields"], labels=row["labels"], taxonomy_match=row["taxonomy_match"], internal=row["internal"]
    )


def _after(
    row: asyncpg.Record,
    current: ObjectFields | None,
    decisions: tuple[Decision, ...],
    context: RelabellingContext,
    fallen: Sequence[str],
) -> StoredDocument | None:
    before = _document(row)
    filled = (
        value.field
        for decision in decisions
        if decision.taxonomy_id in context.by.taxonomy_ids
        for value in decision.values
    )
    fields = tuple(dict.fromkeys((*context.fields, *filled)))
    free = open_fields(before, fields, _cleared(fields, current, context.collection, row["parts"]))
    stored = without(before, fallen, free, decisions, context.by)
    spoken = [*free, *of_persons(before, fallen)]
    after = relabelled(stored, spoken, decisions, context.by) if spoken or not fields else None
    return after or (None if stored == before else stored)


def _cleared(fields: Sequence[str], current: ObjectFields | None, collection: Collection, parts: int) -> set[str]:
    """The fields that a person has set on the object, where that speaks for the document too."""
    if current is None or is_ambiguous(collection.extractor, parts):
        return set()
    rules = rules_of(collection.feature_extractor)
    sources = {field: label_source(field, rules) for field in fields}
    return {field for field, source in sources.items() if said_at(current, source) is not None}


async def _store(connection: Connection, changed: Mapping[str, StoredDocument]) -> None:
    if not changed:
        return
    columns = ("fields", "labels", "taxonomy_match", "internal")
    values = [[getattr(document, name) for document in changed.values()] for name in columns]
    await connection.execute(WRITE, list(changed), *values)


async def _tell(
    connection: Connection,
    context: RelabellingContext,
    before: Mapping[str, JsonObject],
    changed: Mapping[str, StoredDocument],
) -> None:
    fields = {
        document_id: [name for name, value in after.fields.items() if value != before[document_id].get(name)]
        for document_id, after in changed.items()
    }
    await record_changed_documents(connection, fields, **context.why)
    collection = context.collection
    ids, why = list(changed), context.why
    await record_documents_batch(connection, collection.namespace_id, "updated", collection.collection_id, ids, **why)
