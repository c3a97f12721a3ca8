"""Passing fields through to the documents of a collection whose rules have changed, some hundreds a transaction.

The documents are those there were when the task first ran; later ones are made by the new rules.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import asyncpg

from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import record_changed_documents
from services.common.database.pool import Connection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.common.errors import NotFoundError
from services.common.json.equality import differing
from services.common.labels.object_label_scope import is_ambiguous
from services.worker.kit.task import Done, Task
from services.worker.tasks.passthrough_fields import Passing, passed_anew

STEP = 500
LAST = "SELECT coalesce(max(row_key), 0) FROM documents WHERE collection_id = $1"
EXTRACTOR = "SELECT extractor FROM collections WHERE collection_id = $1"
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"
NEXT = f"""
    SELECT document_id, object_id, row_key FROM documents
    WHERE collection_id = $1 AND row_key > $2 AND row_key <= $3 ORDER BY row_key LIMIT {STEP}"""  # noqa: S608
# What was created directly (a negative part) has fields of its own.
READ = """
    SELECT d.document_id, d.fields, ARRAY(SELECT jsonb_object_keys(d.labels)) AS labels,
           coalesce(s.fields, o.fields) AS origin,
           (SELECT count(*) FROM documents e WHERE e.collection_id = d.collection_id AND e.object_id = d.object_id
              AND e.source_document_id IS NOT DISTINCT FROM d.source_document_id) AS siblings
    FROM documents d JOIN objects o USING (object_id)
    LEFT JOIN documents s ON s.document_id = d.source_document_id
    WHERE d.document_id = ANY($1) AND d.part >= 0 ORDER BY d.document_id FOR UPDATE OF d"""
WRITE = """
    UPDATE documents d SET fields = new.fields, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[]) AS new (document_id, fields) WHERE d.document_id = new.document_id"""


@dataclass(frozen=True, kw_only=True)
class PassThrough:
    """The handler; `refresh` makes the index re-read documents."""

    refresh: Callable[[Sequence[str]], Awaitable[object]]

    async def run(self, task: Task) -> Done:
        """Goes through the documents, from where an earlier run was."""
        collection_id = task.inputs["collection_id"]
        place = {"position": 0, "updated_count": 0, **task.additional_data}
        if "last" not in place:
            place["last"] = await task.pool.fetchval(LAST, collection_id)
            await task.progress(**place)
        while (changed := await self._step(task, place)) is not None:
            if changed:
                await self.refresh(changed)
            await task.progress()
        return Done(outputs={"updated_count": place["updated_count"]})

    async def _step(self, task: Task, place: dict[str, int]) -> list[str] | None:
        """The ids of the documents that changed, with its place noted; None when there are no more."""
        collection_id = task.inputs["collection_id"]
        async with task.pool.acquire() as connection, connection.transaction():
            extractor = await connection.fetchval(EXTRACTOR, collection_id)
            if extractor is None:
                raise NotFoundError.of("collection", collection_id)
            rows = await connection.fetch(NEXT, collection_id, place["position"], place["last"])
            if not rows:
                return None
            await lock_objects(connection, {row["object_id"] for row in rows})
            changed = await _pass(connection, task, extractor, [row["document_id"] for row in rows])
            place["position"] = rows[-1]["row_key"]
            place["updated_count"] += len(changed)
            await connection.execute(NOTE, task.task_id, place)
        return changed


async def _pass(connection: Connection, task: Task, extractor: str, ids: Sequence[str]) -> list[str]:
    labels = await label_fields_of(connection, task.inputs["collection_id"])
    before, after = task.inputs["before"], task.inputs["after"]
    fields, names = {}, {}
    for row in await connection.fetch(READ, list(ids)):
        anew = passed_anew(_passing(row, extractor, labels), before, after)
        if changed := differing(row["fields"], anew):
            fields[row["document_id"]], names[row["document_id"]] = anew, changed
    if fields:
        await connection.execute(WRITE, list(fields), list(fields.values()))
        await record_changed_documents(connection, names, task_id=task.task_id)
    return list(fields)


def _passing(row: asyncpg.Record, extractor: str, label_fields: Sequence[str]) -> Passing:
    return Passing(
        fields=row["fields"],
        origin=row["origin"],
        labels=row["labels"],
        label_fields=label_fields,
        is_shared=is_ambiguous(extractor, row["siblings"]),
    )
