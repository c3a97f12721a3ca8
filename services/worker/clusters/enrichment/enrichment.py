"""Writing what a run found into documents, some hundreds a transaction, from wherever the task had come to."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.documents.write_documents import lock_objects
from services.common.database.events.document_events import record_changed_documents
from services.common.database.pool import Connection
from services.common.row_types import StoredDocument
from services.worker.clusters.enrichment.enriched_document import assigned, values_for
from services.worker.clusters.enrichment.run_context import RunContext, later_run, read_run_context
from services.worker.kit.task import Done, JsonObject, Task, TaskWaitsError

STEP = 200
WAIT_SECONDS = 2.0
PLACE = "enrichment"
MEMBERS = """
    SELECT d.document_id, d.object_id FROM cluster_members m JOIN documents d USING (document_id)
    WHERE m.run_id = $1 AND m.document_id > $2
      AND NOT ($3 AND d.internal #>> ARRAY['clusters', $4, 'run_id'] IS NOT DISTINCT FROM $1)
    ORDER BY m.document_id LIMIT $5"""
# Documents that the cluster wrote to before, and that are in no group of this run.
LEFT = """
    SELECT d.document_id, d.object_id FROM documents d
    WHERE d.collection_id = ANY($1) AND d.document_id > $2 AND d.internal -> 'clusters' ? $3
      AND NOT EXISTS (SELECT FROM cluster_members m WHERE m.run_id = $4 AND m.document_id = d.document_id)
    ORDER BY d.document_id LIMIT $5"""
READ = """
    SELECT d.document_id, d.object_id, d.fields, d.labels, d.taxonomy_match, d.internal, m.distance, m.x, m.y, m.z,
      m.document_id IS NOT NULL AS is_member, g.group_id, g.summary, g.keywords, g.member_count,
      coalesce(r.label_overrides ->> g.group_id, g.label) AS label, m.number
    FROM documents d
    LEFT JOIN cluster_members m ON m.run_id = $2 AND m.document_id = d.document_id
    LEFT JOIN cluster_groups g ON g.run_id = m.run_id AND g.number = m.number
    LEFT JOIN cluster_runs r ON r.run_id = m.run_id
    WHERE d.document_id = ANY($1) ORDER BY d.document_id FOR UPDATE OF d"""
WRITE = """
    UPDATE documents d SET fields = new.fields, labels = new.labels, internal = new.internal, updated_at = now()
    FROM unnest($1::text[], $2::jsonb[], $3::jsonb[], $4::jsonb[]) AS new (document_id, fields, labels, internal)
    WHERE d.document_id = new.document_id"""
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"
COUNT = """
    UPDATE cluster_runs SET updated_at = now(), enriched_documents = (
      SELECT count(*) FROM cluster_members m JOIN documents d USING (document_id)
      WHERE m.run_id = $1 AND d.internal #>> ARRAY['clusters', $2, 'run_id'] = $1)
    WHERE run_id = $1"""
NOISE_ID = "-1"

Refresh = Callable[[Sequence[str]], Awaitable[object]]


@dataclass(frozen=True, kw_only=True)
class Enrichment:
    """Enriches; `refresh` makes the index re-read documents."""

    refresh: Refresh

    async def run(self, task: Task) -> Done:
        """The task after a renaming. A later run says all anew, so that nothing is left to do for an earlier one."""
        run_id = task.inputs["run_id"]

        async def still_last() -> None:
            status = await later_run(task.pool, run_id)
            if status == "completed":
                raise _SupersededError
            if status is not None:
                raise TaskWaitsError(WAIT_SECONDS)

        try:
            return Done(outputs={"updated_count": await self.enrich(task, run_id, before_step=still_last)})
        except _SupersededError:
            return Done(outputs={"updated_count": 0})

    async def after_run(self, task: Task, run_id: str) -> None:
        """The end of the task of a completed run, which may have added to the groups of an earlier one."""
        row = await task.pool.fetchrow("SELECT base_run_id FROM cluster_runs WHERE run_id = $1", run_id)
        if row is not None:
            await self.enrich(task, row["base_run_id"], only_new=row["base_run_id"] != run_id)

    async def enrich(
        self,
        task: Task,
        run_id: str,
        *,
        only_new: bool = False,
        before_step: Callable[[], Awaitable[None]] | None = None,
    ) -> int:
        """Brings documents to what the run that holds groups and members says; returns how many it changed.

        With `only_new` it leaves out those that the run has written to already.
        """
        context = await read_run_context(task.pool, run_id)
        if context is None:
            return 0
        place: JsonObject = {"walk": 0, "position": "", "changed": 0, **task.additional_data.get(PLACE, {})}
        while place["walk"] < 2:
            if before_step is not None:
                await before_step()
            await self._step(task, context, place, only_new)
            await task.progress()
        await task.pool.execute(COUNT, run_id, context.written.cluster_id)
        return int(place["changed"])

    async def _step(self, task: Task, context: RunContext, place: JsonObject, only_new: bool) -> None:
        """Changes the next documents and notes it in the same transaction."""
        async with task.pool.acquire() as connection, connection.transaction():
            rows = await _next(connection, context, place, only_new)
            changed = await _change(connection, context, rows)
            place["changed"] += len(changed)
            place["position"] = rows[-1]["document_id"] if rows else ""
            place["walk"] += not rows
            await connection.execute(NOTE, task.task_id, {PLACE: place})
        if changed:
            await self.refresh(changed)


class _SupersededError(Exception):
    """A later run has grouped the documents anew."""


async def _next(
    connection: Connection, context: RunContext, place: JsonObject, only_new: bool
) -> Sequence[asyncpg.Record]:
    position, cluster_id = place["position"], context.written.cluster_id
    if place["walk"] == 0:
        return await connection.fetch(MEMBERS, context.run_id, position, only_new, cluster_id, STEP)
    return await connection.fetch(LEFT, list(context.collection_ids), position, cluster_id, context.run_id, STEP)


async def _change(connection: Connection, context: RunContext, rows: Sequence[asyncpg.Record]) -> list[str]:
    """Writes what is no longer as it was; the ids of those documents."""
    if not rows:
        return []
    await lock_objects(connection, {row["object_id"] for row in rows})
    found = await connection.fetch(READ, [row["document_id"] for row in rows], context.run_id)
    befores = {row["document_id"]: _stored(row) for row in found}
    afters = {row["document_id"]: _after(row, befores[row["document_id"]], context) for row in found}
    changed = {document_id: after for document_id, after in afters.items() if after is not None}
    if changed:
        columns = [[getattr(each, name) for each in changed.values()] for name in ("fields", "labels", "internal")]
        await connection.execute(WRITE, list(changed), *columns)
        fields = {key: _differing(befores[key], after) for key, after in changed.items()}
        await record_changed_documents(connection, fields, cluster_id=context.written.cluster_id)
    return list(changed)


def _after(row: asyncpg.Record, stored: StoredDocument, context: RunContext) -> StoredDocument | None:
    values = values_for(_result(row, context) if row["is_member"] else None, context.mappings)
    return assigned(stored, values, context.label_fields, context.written)


def _result(row: asyncpg.Record, context: RunContext) -> JsonObject:
    """What a run says of a document, by the names that mappings know."""
    distance = row["distance"]
    return {
        "cluster_id": row["group_id"] or NOISE_ID,
        "cluster_label": row["label"],
        "distance_to_centroid": None if distance is None else round(distance, 6),
        "member_count": row["member_count"],
        "summary": row["summary"],
        "keywords": row["keywords"],
        **{axis: row[axis] for axis in "xyz"},
        "metadata": context.metadata,
    }


def _stored(row: asyncpg.Record) -> StoredDocument:
    names: tuple[str, ...] = ("fields", "labels", "taxonomy_match", "internal")
    return StoredDocument(**dict[str, Any]((name, row[name]) for name in names))


def _differing(before: StoredDocument, after: StoredDocument) -> list[str]:
    missing = object()
    return [name for name, value in after.fields.items() if before.fields.get(name, missing) != value]
