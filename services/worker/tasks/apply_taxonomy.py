"""Labelling anew what a collection holds, by a taxonomy that is applied to it; people's labels stay as they are.

The documents are those there were when the task first ran. It goes through them in the order in which they were made,
and notes how far it has come in the transaction of each step, so that a second run goes on from there. What is decided
depends on labels of people alone and not on that order, so that doing it twice changes nothing the second time.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.bounded import SETTINGS
from services.common.database.document_events import tell_batch, tell_changed
from services.common.database.documents import lock_objects
from services.common.database.pool import Connection
from services.common.database.records import Collection, ObjectFields, StoredDocument
from services.common.database.resources import get_collection
from services.common.database.taxonomies import deciding, label_fields_of
from services.common.filters import compile_sql, parse
from services.common.label_reach import is_ambiguous
from services.common.passthrough import rules_of
from services.worker.domain import Decision
from services.worker.labelling import label_source, said_at
from services.worker.relabel import Relabelling, open_fields, relabelled
from services.worker.tasks.task import Done, JsonObject, Task

STEP = 200
LAST = "SELECT coalesce(max(row_key), 0) FROM documents WHERE collection_id = $1"
FIELDS = "SELECT label_fields FROM labellers WHERE collection_id = $1 AND taxonomy_id = ANY($2)"
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
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"

Ask = Callable[[pb.EnrichRequest], Awaitable[Sequence[tuple[Decision, ...]]]]
Refresh = Callable[[Sequence[str]], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class _Scene:
    """What stays the same while a task runs."""

    collection: Collection
    by: Relabelling
    fields: tuple[str, ...]
    why: JsonObject


@dataclass(frozen=True, kw_only=True)
class ApplyTaxonomy:
    """The handler; `ask` puts a question to the taxonomy, `refresh` makes the index re-read documents."""

    ask: Ask
    refresh: Refresh

    async def run(self, task: Task) -> Done:
        """Decides about every document that passes the filter, and writes what is no longer as it was."""
        scene = await _scene(task)
        progress: JsonObject = {"processed": 0, "changed": 0, "position": 0, **task.additional_data}
        if "last" not in progress:
            progress["last"] = await task.pool.fetchval(LAST, scene.collection.collection_id)
            await task.progress(**progress)
        while rows := await _next(task, scene, progress):
            decisions = await self._decide(scene, rows)
            changed = await self._write(task, scene, rows, decisions, progress)
            if changed:
                await self.refresh(changed)
            await task.progress()
        return Done(outputs={key: progress[key] for key in ("processed", "changed")})

    async def _decide(self, scene: _Scene, rows: Sequence[asyncpg.Record]) -> Mapping[str, tuple[Decision, ...]]:
        request = pb.EnrichRequest(
            namespace_id=scene.collection.namespace_id,
            collection_id=scene.collection.collection_id,
            subjects=[
                pb.Subject(subject_id=row["document_id"], object_id=row["object_id"], document_id=row["document_id"])
                for row in rows
            ],
            afresh=True,
        )
        answers = await self.ask(request)
        return {row["document_id"]: answer for row, answer in zip(rows, answers, strict=True)}

    async def _write(
        self,
        task: Task,
        scene: _Scene,
        rows: Sequence[asyncpg.Record],
        decisions: Mapping[str, tuple[Decision, ...]],
        progress: JsonObject,
    ) -> list[str]:
        """Writes what changed and how far the task has come, in one transaction; returns the ids of what changed."""
        async with task.pool.acquire() as connection, connection.transaction():
            objects = await lock_objects(connection, {row["object_id"] for row in rows})
            stored = await connection.fetch(READ, [row["document_id"] for row in rows])
            changed = {
                row["document_id"]: after
                for row in stored
                if (after := _after(row, objects.get(row["object_id"]), decisions[row["document_id"]], scene))
            }
            await _store(connection, changed)
            await _tell(connection, scene, {row["document_id"]: row["fields"] for row in stored}, changed)
            progress["position"] = rows[-1]["row_key"]
            progress["processed"] += len(rows)
            progress["changed"] += len(changed)
            await connection.execute(NOTE, task.task_id, progress)
        return list(changed)


async def _scene(task: Task) -> _Scene:
    collection = await get_collection(task.pool, str(task.namespace_id), task.inputs["collection_id"])
    taxonomy_ids = deciding(task.inputs)
    every = await label_fields_of(task.pool, collection.collection_id)
    rows = await task.pool.fetch(FIELDS, collection.collection_id, taxonomy_ids)
    by = Relabelling(
        taxonomy_ids=frozenset(taxonomy_ids),
        primary=every[0] if every else None,
        model=collection.model,
        now=datetime.now(UTC).isoformat(),
    )
    return _Scene(
        collection=collection,
        by=by,
        fields=tuple(dict.fromkeys(field for row in rows for field in row["label_fields"])),
        why={"task_id": task.task_id, **_deciding(taxonomy_ids)},
    )


def _deciding(taxonomy_ids: Sequence[str]) -> JsonObject:
    """What events say of who decides."""
    return {"taxonomy_id": taxonomy_ids[0]} if len(taxonomy_ids) == 1 else {"taxonomy_ids": list(taxonomy_ids)}


async def _next(task: Task, scene: _Scene, progress: JsonObject) -> list[asyncpg.Record]:
    where, values = compile_sql(parse(task.inputs["scroll_filters"], "scroll_filters"), start=5)
    sql = f"""SELECT d.document_id, d.object_id, d.row_key FROM documents d
        WHERE d.collection_id = $1 AND d.row_key > $2 AND d.row_key <= $3 AND {where} ORDER BY d.row_key LIMIT $4"""  # noqa: S608
    step = min(STEP, task.inputs["batch_size"])
    async with task.pool.acquire() as connection, connection.transaction():
        await connection.execute(SETTINGS)
        return await connection.fetch(
            sql, scene.collection.collection_id, progress["position"], progress["last"], step, *values
        )


def _after(
    row: asyncpg.Record, current: ObjectFields | None, decisions: tuple[Decision, ...], scene: _Scene
) -> StoredDocument | None:
    stored = StoredDocument(
        fields=row["fields"], labels=row["labels"], taxonomy_match=row["taxonomy_match"], internal=row["internal"]
    )
    filled = (
        value.field
        for decision in decisions
        if decision.taxonomy_id in scene.by.taxonomy_ids
        for value in decision.values
    )
    fields = tuple(dict.fromkeys((*scene.fields, *filled)))
    free = open_fields(stored, fields, _cleared(fields, current, scene.collection, row["parts"]))
    return relabelled(stored, free, decisions, scene.by) if free or not fields else None


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
    scene: _Scene,
    before: Mapping[str, JsonObject],
    changed: Mapping[str, StoredDocument],
) -> None:
    fields = {
        document_id: [name for name, value in after.fields.items() if value != before[document_id].get(name)]
        for document_id, after in changed.items()
    }
    await tell_changed(connection, fields, **scene.why)
    collection = scene.collection
    ids, why = list(changed), scene.why
    await tell_batch(connection, collection.namespace_id, "updated", collection.collection_id, ids, **why)
