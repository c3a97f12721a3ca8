"""Exports of collections as tasks: what is asked for, and what one that has ended left."""

from datetime import timedelta

import asyncpg

from services.common.database.pool import Connection, Executor
from services.common.database.tasks.create_task import OPEN, NewTask, create_task
from services.common.row_types import JsonObject

EXPORT = "export_collection"
TASK_TYPE = "api_collections_export"
KEEP = timedelta(days=7)
"""How long the files of an export stay."""
OPEN_TWIN = """
    SELECT task_id FROM tasks
    WHERE kind = $1 AND namespace_id = $2 AND inputs = $3 AND status = ANY($4) AND NOT cancel_requested
    ORDER BY row_key LIMIT 1"""
FIND = """
    SELECT t.*, t.updated_at < now() - $4::interval AS is_over FROM tasks t
    WHERE t.task_id = $1 AND t.kind = $2 AND t.namespace_id = $3"""
# An export of what has been deleted since goes too.
WANTED = """
    SELECT t.task_id FROM tasks t JOIN collections c ON c.collection_id = t.inputs ->> 'collection_id'
    WHERE t.task_id = ANY($1) AND t.kind = $2
      AND (t.status = ANY($3) OR (t.status LIKE 'COMPLETED%' AND t.updated_at >= now() - $4::interval))"""


async def ask_for_export(connection: Connection, namespace_id: str, inputs: JsonObject) -> str:
    """The task that exports this, which may be under way already: who asks again waits for the same one."""
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", inputs["collection_id"])
    twin: str | None = await connection.fetchval(OPEN_TWIN, EXPORT, namespace_id, inputs, list(OPEN))
    if twin is not None:
        return twin
    return await create_task(
        connection, NewTask(kind=EXPORT, task_type=TASK_TYPE, namespace_id=namespace_id, inputs=inputs)
    )


async def find_export(db: Executor, namespace_id: str, task_id: str) -> asyncpg.Record | None:
    """The row of an export's task, with `is_over` where its files are gone."""
    return await db.fetchrow(FIND, task_id, EXPORT, namespace_id, KEEP)


async def wanted_exports(db: Executor, task_ids: list[str], keep: timedelta = KEEP) -> set[str]:
    """Those of these exports whose files are still to be kept."""
    return {row["task_id"] for row in await db.fetch(WANTED, task_ids, EXPORT, list(OPEN), keep)}
