"""Changing or deleting all documents of a collection that pass a filter, some hundreds a transaction.

Then what machines had labelled by them is decided again, in the same task.

The documents are those there were when the task first ran: it goes through them in the order in which they were made,
and notes how far it has come in the transaction of each step, so that a second run goes on from there.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.common.database.bounded_reads import SETTINGS
from services.common.database.documents.edit_documents import Edited, Within, delete_documents, edit_documents
from services.common.database.events.document_events import record_documents_batch
from services.common.database.pool import Connection
from services.common.database.taxonomies.decide_again import add_to_task, leave_undecided
from services.common.errors import LikenessError, NotFoundError
from services.common.filters import compile_sql, parse_json
from services.worker.kit.task import Done, Handler, JsonObject, Task, TaskCanceledError

UPDATE, DELETE = "bulk_update_documents", "bulk_delete_documents"
STEP = 500
LAST = "SELECT coalesce(max(row_key), 0) FROM documents WHERE collection_id = $1"
EXISTS = "SELECT true FROM collections WHERE collection_id = $1"
NOTE = "UPDATE tasks SET additional_data = additional_data || $2, updated_at = now() WHERE task_id = $1"

Refresh = Callable[[Sequence[str]], Awaitable[object]]
Change = Callable[[Connection, Within, list[str]], Awaitable[Edited]]


@dataclass(frozen=True, kw_only=True)
class BulkDocuments:
    """The handlers; `refresh` makes the index re-read documents, `again` decides what is left to the task."""

    refresh: Refresh
    again: Handler

    async def update(self, task: Task) -> Done:
        """Sets the same fields on every document, as a person does."""
        changes: JsonObject = task.inputs["changes"]

        async def edit(connection: Connection, within: Within, ids: list[str]) -> Edited:
            return await edit_documents(connection, within, dict[str, JsonObject].fromkeys(ids, changes))

        return await self._all(task, edit, "updated")

    async def delete(self, task: Task) -> Done:
        """Deletes every document."""

        async def delete(connection: Connection, within: Within, ids: list[str]) -> Edited:
            gone = await delete_documents(connection, within, ids)
            return Edited(found=gone, changed=gone)

        return await self._all(task, delete, "deleted")

    async def _all(self, task: Task, change: Change, verb: str) -> Done:
        try:
            count = await self._walk(task, change, verb)
        except (TaskCanceledError, LikenessError):
            await leave_undecided(task.pool, task.task_id)
            raise
        again = await self.again(task)
        return Done(outputs={f"{verb}_count": count, "decided_again": again.outputs["processed"]})

    async def _walk(self, task: Task, change: Change, verb: str) -> int:
        within = Within(namespace_id=str(task.namespace_id), collection_id=task.inputs["collection_id"])
        progress = {"done": 0, "position": 0, **task.additional_data}
        if await task.pool.fetchval(EXISTS, within.collection_id) is None:
            raise NotFoundError.of("collection", str(within.collection_id))
        if "last" not in progress:
            progress["last"] = await task.pool.fetchval(LAST, within.collection_id)
            await task.progress(**progress)
        while True:
            changed = await self._step(task, within, change, verb, progress)
            if changed is None:
                return int(progress["done"])
            await self.refresh(changed)
            await task.progress()

    async def _step(
        self, task: Task, within: Within, change: Change, verb: str, progress: dict[str, int]
    ) -> list[str] | None:
        """Changes the next documents and notes it in the same transaction; None when there are no more."""
        where, values = compile_sql(parse_json(task.inputs["filters"]), start=4)
        sql = f"""SELECT d.document_id, d.row_key FROM documents d
            WHERE d.collection_id = $1 AND d.row_key > $2 AND d.row_key <= $3 AND {where}
            ORDER BY d.row_key LIMIT {STEP}"""  # noqa: S608
        async with task.pool.acquire() as connection, connection.transaction():
            await connection.execute(SETTINGS)
            rows = await connection.fetch(sql, within.collection_id, progress["position"], progress["last"], *values)
            if not rows:
                return None
            done = await change(connection, within, [row["document_id"] for row in rows])
            collection_id = str(within.collection_id)
            await record_documents_batch(
                connection, within.namespace_id, verb, collection_id, done.changed, task_id=task.task_id
            )
            await add_to_task(connection, within.namespace_id, task.task_id)
            progress["position"] = rows[-1]["row_key"]
            progress["done"] += len(done.found)
            await connection.execute(NOTE, task.task_id, progress)
        return done.changed
