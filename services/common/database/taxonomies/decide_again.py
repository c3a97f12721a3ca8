"""Labels of machines that rest on what is otherwise now: found by the database's triggers, decided again by a task.

The same task asks the machines about labels that a person has taken away, where none of them has an answer yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.common.database.pool import Connection, Executor
from services.common.database.tasks.create_task import NewTask, create_task
from services.common.labels.human_labels import LabelledDocument

DECIDE_AGAIN = "decide_again"
"""The kind of task that decides again about labels whose evidence has changed."""
TASK_TYPE = "api_taxonomies_materialize"
HERE = """
    SELECT d.document_id, bool_or(d.labels -> s.field ->> 'source' = 'auto') AS rests
    FROM stale_labels s JOIN documents d USING (document_id)
    WHERE s.task_id IS NULL AND NOT s.rejected AND s.xid = pg_current_xact_id() AND s.namespace_id = $1
    GROUP BY d.document_id"""
TAKE_HERE = """
    UPDATE stale_labels SET task_id = $2
    WHERE task_id IS NULL AND NOT rejected AND xid = pg_current_xact_id() AND namespace_id = $1"""
LET_GO = "UPDATE stale_labels SET task_id = NULL WHERE task_id = $1"
WAITING = """
    SELECT s.document_id, s.field, s.namespace_id FROM stale_labels s JOIN namespaces n USING (namespace_id)
    WHERE s.task_id IS NULL AND NOT s.rejected AND n.deleted_at IS NULL
    ORDER BY s.namespace_id LIMIT $1 FOR UPDATE OF s SKIP LOCKED"""
TAKE = """
    UPDATE stale_labels s SET task_id = $3 FROM unnest($1::text[], $2::text[]) AS mine (document_id, field)
    WHERE s.document_id = mine.document_id AND s.field = mine.field"""
UNASKED = """
    INSERT INTO stale_labels (document_id, field, namespace_id, collection_id)
    SELECT document_id, field, d.namespace_id, d.collection_id
    FROM unnest($1::text[], $2::text[]) AS cleared (document_id, field) JOIN documents d USING (document_id)
    ON CONFLICT (document_id, field) DO UPDATE SET task_id = NULL, rejected = false, xid = pg_current_xact_id()"""
JUDGE = """
    SELECT check_labels(array_agg(document_id), array_agg(field)) FROM stale_labels
    WHERE document_id = ANY($1) AND task_id IS NOT NULL AND NOT rejected"""


@dataclass(frozen=True, kw_only=True)
class Affected:
    """The documents whose labels rest on what a change has changed, and the task that decides again about them.

    A task without documents asks about what was taken away.
    """

    document_ids: tuple[str, ...] = ()
    task_id: str | None = None


NOTHING = Affected()


async def decide_again(connection: Connection, namespace_id: str) -> Affected:
    """Makes the task for what the caller's transaction has taken the evidence from; nothing when there is none.

    They are no references from the end of that transaction on.
    """
    rows = await connection.fetch(HERE, namespace_id)
    if not rows:
        return NOTHING
    task_id = await _task(connection, namespace_id, len(rows))
    await connection.execute(TAKE_HERE, namespace_id, task_id)
    return Affected(document_ids=tuple(row["document_id"] for row in rows if row["rests"]), task_id=task_id)


async def decide_cleared(connection: Connection, documents: Mapping[str, LabelledDocument]) -> None:
    """Hands labels that a person has just taken away to the next task, where no machine has an answer for them."""
    cleared = [(document_id, field) for document_id, each in documents.items() for field in each.unasked]
    if cleared:
        await connection.execute(UNASKED, *(list(column) for column in zip(*cleared, strict=True)))


async def add_to_task(connection: Connection, namespace_id: str, task_id: str) -> None:
    """Hands what the caller's transaction has taken the evidence from to a task that runs already."""
    await connection.execute(TAKE_HERE, namespace_id, task_id)


async def leave_undecided(executor: Executor, task_id: str) -> None:
    """What a task will not decide any more waits for another one."""
    await executor.execute(LET_GO, task_id)


async def decide_waiting(connection: Connection, limit: int) -> int:
    """The same for what no task has been made for yet, of any transaction; how many labels were taken."""
    rows = await connection.fetch(WAITING, limit)
    for namespace_id in dict.fromkeys(row["namespace_id"] for row in rows):
        mine = [row for row in rows if row["namespace_id"] == namespace_id]
        task_id = await _task(connection, namespace_id, len({row["document_id"] for row in mine}))
        await connection.execute(TAKE, [row["document_id"] for row in mine], [row["field"] for row in mine], task_id)
    return len(rows)


async def _task(connection: Connection, namespace_id: str, documents: int) -> str:
    new = NewTask(
        kind=DECIDE_AGAIN,
        task_type=TASK_TYPE,
        namespace_id=namespace_id,
        inputs={},
        additional_data={"estimated_documents": documents},
    )
    return await create_task(connection, new)


async def judge_again(connection: Connection, document_ids: Sequence[str]) -> None:
    """Labels of these documents that were found wanting are references again where their evidence stands now."""
    await connection.execute(JUDGE, list(document_ids))
