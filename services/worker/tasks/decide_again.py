"""Deciding again about labels of machines whose evidence has changed: corrected, rejected, replaced, or gone.

Each document is decided once, unless its new evidence changes at the same moment, and those of other collections'
references first. A label that nobody can give any more goes; the document waits for a person. What is done is taken
off the list in the transaction of each step, so that a second run goes on from there, and what is left when the task is
cancelled stays no reference.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import asyncpg

from services.common.database.find_resources import get_collection
from services.common.errors import InvalidArgumentError, NotFoundError
from services.worker.domain import Decision
from services.worker.kit.task import Done, JsonObject, Task
from services.worker.labels import relabelling
from services.worker.labels.relabelling import Ask, Refresh, RelabellingContext

STEP = 200
NEXT = """
    SELECT s.collection_id, s.document_id, d.object_id, array_agg(s.field) AS fields, max(s.rounds) AS rounds
    FROM stale_labels s JOIN documents d USING (document_id)
    WHERE s.task_id = $1 AND ($3 OR NOT EXISTS (
      SELECT FROM label_evidence e JOIN stale_labels under
        ON under.document_id = e.rests_on AND under.field = e.lent_field
      WHERE e.document_id = s.document_id AND e.field = s.field AND under.task_id = $1
        AND under.collection_id <> s.collection_id)
      AND NOT EXISTS (SELECT FROM stale_labels source
                      WHERE source.document_id = d.source_document_id AND source.task_id = $1))
    GROUP BY s.collection_id, s.document_id, d.object_id ORDER BY s.collection_id, s.document_id LIMIT $2"""
DECIDING = "SELECT DISTINCT coalesce(taxonomy_id, '') AS taxonomy_id FROM labellers WHERE collection_id = $1"
DONE = "DELETE FROM stale_labels WHERE task_id = $1 AND document_id = ANY($2)"
# What rests on what was just decided; and what was decided on evidence that changed meanwhile, a few times at most.
MORE = """
    UPDATE stale_labels SET task_id = $1, rounds = rounds + (document_id = ANY($2))::integer
    WHERE task_id IS NULL AND NOT rejected AND xid = pg_current_xact_id()"""
MOST_ROUNDS = 3
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"


@dataclass(frozen=True, kw_only=True)
class DecideAgain:
    """The handler; `ask` puts a question to the taxonomy, `refresh` makes the index re-read documents."""

    ask: Ask
    refresh: Refresh

    async def run(self, task: Task) -> Done:
        """Decides about every document that was handed to this task."""
        progress: JsonObject = {key: task.additional_data.get(key, 0) for key in ("processed", "changed")}
        while rows := await _next(task):
            context = await _context(task, rows[0]["collection_id"])
            changed = await self._step(task, context, rows, progress)
            await self.refresh(list(dict.fromkeys([*(row["document_id"] for row in rows), *changed])))
            await task.progress()
        return Done(outputs=progress)

    async def _step(
        self, task: Task, context: RelabellingContext, rows: Sequence[asyncpg.Record], progress: JsonObject
    ) -> list[str]:
        """Writes what is decided, takes it off the list and notes how far the task has come, in one transaction.

        Returns the ids of what changed.
        """
        answers = await self._answers(context, rows)
        decided = {row["document_id"]: _answer(row, answers) for row in rows}
        fallen = {row["document_id"]: row["fields"] for row in rows}
        async with task.pool.acquire() as connection, connection.transaction():
            changed = await relabelling.write(connection, context, rows, decided, fallen)
            await connection.execute(DONE, task.task_id, list(fallen))
            await connection.execute(MORE, task.task_id, list(fallen))
            progress["processed"] += len(rows)
            progress["changed"] += len(changed)
            await connection.execute(NOTE, task.task_id, progress)
        return changed

    async def _answers(self, context: RelabellingContext, rows: Sequence[asyncpg.Record]) -> relabelling.Decided:
        """What is decided now. A taxonomy that cannot run keeps no label alive: it says nothing, and why."""
        try:
            return await relabelling.decide(self.ask, context.collection, rows)
        except (InvalidArgumentError, NotFoundError):
            return await relabelling.decide(self.ask, context.collection, rows, afresh=False)


async def _next(task: Task) -> list[asyncpg.Record]:
    """Documents of one collection, that no other collection's document to be decided lends anything, if there are."""
    rows = await task.pool.fetch(NEXT, task.task_id, STEP, False)
    rows = rows or await task.pool.fetch(NEXT, task.task_id, STEP, True)
    return [row for row in rows if row["collection_id"] == rows[0]["collection_id"]]


def _answer(row: asyncpg.Record, answers: relabelling.Decided) -> tuple[Decision, ...]:
    """What is decided of it; nothing when that has never stood, so that the task ends."""
    return answers[row["document_id"]] if row["rounds"] < MOST_ROUNDS else ()


async def _context(task: Task, collection_id: str) -> RelabellingContext:
    collection = await get_collection(task.pool, str(task.namespace_id), collection_id)
    taxonomy_ids = [row["taxonomy_id"] for row in await task.pool.fetch(DECIDING, collection_id)]
    context = await relabelling.relabelling_context(task.pool, collection, taxonomy_ids, {"task_id": task.task_id})
    return replace(context, by=replace(context.by, corrects=True))
