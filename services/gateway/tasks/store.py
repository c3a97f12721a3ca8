"""Tasks in the database, of the namespaces that a key may see."""

from collections.abc import Sequence

import asyncpg

from services.common.database.batches.lifecycle import KINDS, cancel_batch
from services.common.database.clusters.cluster_runs import CLUSTER_RUN, cancel_run
from services.common.database.pool import Executor, Pool
from services.common.database.tasks.create_task import request_cancel
from services.common.errors import NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.ids import new_id
from services.common.row_types import JsonObject
from services.gateway.kit.lists.page_sql import Listing

TASKS = Table(
    alias="t",
    columns={
        "task_id": Column("task_id"),
        "task_type": Column("task_type"),
        "status": Column("status"),
        "namespace_id": Column("namespace_id"),
        "created_at": Column("created_at", Kind.TIME),
        "updated_at": Column("updated_at", Kind.TIME),
    },
    prefixes={("inputs",): "inputs", ("outputs",): "outputs"},
    fields="additional_data",
)
LIST_TASKS = Listing(table=TASKS, source="tasks t", columns="t.*", key="t.row_key")
SEARCH_TASKS = "t.task_id ILIKE {pattern} OR t.task_type ILIKE {pattern} OR t.status ILIKE {pattern}"
SEEN = "($1::text[] IS NULL OR t.namespace_id = ANY($1))"


async def get_task(db: Executor, task_id: str, namespaces: Sequence[str] | None) -> asyncpg.Record:
    """A task; None for `namespaces` means all of them."""
    query = f"SELECT t.* FROM tasks t WHERE {SEEN} AND t.task_id = $2"  # noqa: S608
    row = await db.fetchrow(query, namespaces, task_id)
    if row is None:
        raise NotFoundError(f"No task '{task_id}'.", resource="task", id=task_id)
    return row


async def kill_task(pool: Pool, task: asyncpg.Record) -> None:
    """Stops a task: at once when it has not begun, else as soon as it reports progress.

    A batch's cancels the batch, a cluster run's the run.
    """
    if task["kind"] == CLUSTER_RUN:
        async with pool.acquire() as connection, connection.transaction():
            await cancel_run(connection, task["task_id"])
            await request_cancel(connection, task["task_id"])
        return
    if task["kind"] not in KINDS:
        await request_cancel(pool, task["task_id"])
        return
    async with pool.acquire() as connection, connection.transaction():
        query = "SELECT batch_id FROM batches WHERE task_id = $1 ORDER BY batch_id"
        for row in await connection.fetch(query, task["task_id"]):
            await cancel_batch(connection, row["batch_id"])
        await request_cancel(connection, task["task_id"])


async def record_task(
    pool: Pool, task_type: str, namespace_id: str, *, status: str, inputs: JsonObject, outputs: JsonObject
) -> asyncpg.Record:
    """A task that was done within the request that asked for it, so that it can be looked up afterwards."""
    row = await pool.fetchrow(
        """INSERT INTO tasks (task_id, namespace_id, kind, task_type, status, inputs, outputs)
           VALUES ($1, $2, $3, $3, $4, $5, $6) RETURNING *""",
        new_id("task", 16),
        namespace_id,
        task_type,
        status,
        inputs,
        outputs,
    )
    assert row is not None
    return row
