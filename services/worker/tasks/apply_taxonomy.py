"""Labelling anew what a collection holds, by a taxonomy that is applied to it; people's labels stay as they are.

The documents are those there were when the task first ran. It goes through them in the order in which they were made,
and notes how far it has come in the transaction of each step, so that a second run goes on from there. What is decided
depends on labels of people alone and not on that order, so that doing it twice changes nothing the second time.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.common.database.bounded_reads import SETTINGS
from services.common.database.find_resources import get_collection
from services.common.database.taxonomies.applied_taxonomies import taxonomies_of_task
from services.common.filters import compile_sql, parse
from services.worker.kit.task import Done, JsonObject, Task
from services.worker.labels import relabelling
from services.worker.labels.relabelling import Ask, Decided, Refresh, RelabellingContext

STEP = 200
LAST = "SELECT coalesce(max(row_key), 0) FROM documents WHERE collection_id = $1"
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"


@dataclass(frozen=True, kw_only=True)
class ApplyTaxonomy:
    """The handler; `ask` puts a question to the taxonomy, `refresh` makes the index re-read documents."""

    ask: Ask
    refresh: Refresh

    async def run(self, task: Task) -> Done:
        """Decides about every document that passes the filter, and writes what is no longer as it was."""
        context = await _context(task)
        progress: JsonObject = {"processed": 0, "changed": 0, "position": 0, **task.additional_data}
        if "last" not in progress:
            progress["last"] = await task.pool.fetchval(LAST, context.collection.collection_id)
            await task.progress(**progress)
        while rows := await _next(task, context, progress):
            decided = await relabelling.decide(self.ask, context.collection, rows)
            changed = await _write(task, context, rows, decided, progress)
            if changed:
                await self.refresh(changed)
            await task.progress()
        return Done(outputs={key: progress[key] for key in ("processed", "changed")})


async def _write(
    task: Task, context: RelabellingContext, rows: Sequence[asyncpg.Record], decided: Decided, progress: JsonObject
) -> list[str]:
    """Writes what changed and how far the task has come, in one transaction; returns the ids of what changed."""
    async with task.pool.acquire() as connection, connection.transaction():
        changed = await relabelling.write(connection, context, rows, decided, {})
        progress["position"] = rows[-1]["row_key"]
        progress["processed"] += len(rows)
        progress["changed"] += len(changed)
        await connection.execute(NOTE, task.task_id, progress)
    return changed


async def _context(task: Task) -> RelabellingContext:
    collection = await get_collection(task.pool, str(task.namespace_id), task.inputs["collection_id"])
    taxonomy_ids = taxonomies_of_task(task.inputs)
    return await relabelling.relabelling_context(
        task.pool, collection, taxonomy_ids, {"task_id": task.task_id, **_deciding(taxonomy_ids)}
    )


def _deciding(taxonomy_ids: Sequence[str]) -> JsonObject:
    """What events say of who decides."""
    return {"taxonomy_id": taxonomy_ids[0]} if len(taxonomy_ids) == 1 else {"taxonomy_ids": list(taxonomy_ids)}


async def _next(task: Task, context: RelabellingContext, progress: JsonObject) -> list[asyncpg.Record]:
    where, values = compile_sql(parse(task.inputs["scroll_filters"], "scroll_filters"), start=5)
    sql = f"""SELECT d.document_id, d.object_id, d.row_key FROM documents d
        WHERE d.collection_id = $1 AND d.row_key > $2 AND d.row_key <= $3 AND {where} ORDER BY d.row_key LIMIT $4"""  # noqa: S608
    step = min(STEP, task.inputs["batch_size"])
    async with task.pool.acquire() as connection, connection.transaction():
        await connection.execute(SETTINGS)
        return await connection.fetch(
            sql, context.collection.collection_id, progress["position"], progress["last"], step, *values
        )
