"""Triggers in the database, one by one and as lists; lists count from an offset, as the contract has it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.bounded_reads import snapshot
from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import NotFoundError
from services.gateway.triggers.shapes import SORTABLE

FIND = "SELECT * FROM triggers WHERE trigger_id = $1 AND namespace_id = $2 AND ($3::text IS NULL OR action_type = $3)"
LOCK = f"{FIND} FOR UPDATE"

MATCHES = """
    namespace_id = $1 AND ($2::text IS NULL OR action_type = $2) AND ($3::text IS NULL OR trigger_type = $3)
    AND ($4::text IS NULL OR status = $4)
    AND ($5::text IS NULL OR resource_id = $5 OR action_config ->> 'collection_id' = $5)"""
# An execution that still runs is as far as its task.
HISTORY = """
    SELECT x.*, CASE WHEN x.ended_at IS NULL THEN coalesce(t.status, x.status) ELSE x.status END AS now_status,
      r.num_clusters, r.num_points
    FROM trigger_executions x LEFT JOIN tasks t USING (task_id)
    LEFT JOIN cluster_runs r ON r.run_id = t.inputs ->> 'run_id'
    WHERE x.trigger_id = $1"""


@dataclass(frozen=True, kw_only=True)
class Listed:
    """Rows from an offset on, and how many there are."""

    rows: list[asyncpg.Record]
    total: int


async def list_triggers(queries: Pool, namespace_id: str, asked: Mapping[str, Any]) -> Listed:
    """The triggers that pass {action_type, trigger_type, status, resource_id}, sorted by {sort_by, direction}."""
    values = (namespace_id, *(asked.get(name) for name in ("action_type", "trigger_type", "status", "resource_id")))
    direction = "ASC" if asked["direction"] == "asc" else "DESC"
    assert asked["sort_by"] in SORTABLE
    order = f"{asked['sort_by']} {direction} NULLS LAST, row_key {direction}"
    sql = f"SELECT * FROM triggers WHERE {MATCHES} ORDER BY {order} LIMIT $6 OFFSET $7"  # noqa: S608
    async with snapshot(queries) as db:
        rows = await db.fetch(sql, *values, asked["limit"], asked["offset"])
        total = await db.fetchval(f"SELECT count(*) FROM triggers WHERE {MATCHES}", *values)  # noqa: S608
    return Listed(rows=rows, total=total)


async def list_executions(queries: Pool, trigger_id: str, status: str | None, limit: int, offset: int) -> Listed:
    """The executions of a trigger, the newest first, of one status where it is named."""
    matches = f"SELECT * FROM ({HISTORY}) AS x WHERE $2::text IS NULL OR upper(now_status) = upper($2)"  # noqa: S608
    sql = f"{matches} ORDER BY row_key DESC LIMIT $3 OFFSET $4"
    async with snapshot(queries) as db:
        rows = await db.fetch(sql, trigger_id, status, limit, offset)
        total = await db.fetchval(f"SELECT count(*) FROM ({matches}) AS y", trigger_id, status)  # noqa: S608
    return Listed(rows=rows, total=total)


async def get_trigger(
    db: Executor, namespace_id: str, trigger_id: str, action_type: str | None = None
) -> asyncpg.Record:
    """A trigger of the namespace, of the action type where one is named."""
    return _found(await db.fetchrow(FIND, trigger_id, namespace_id, action_type), trigger_id)


async def lock_trigger(
    connection: Connection, namespace_id: str, trigger_id: str, action_type: str | None = None
) -> asyncpg.Record:
    """The same, which nobody else changes or fires until the transaction ends."""
    return _found(await connection.fetchrow(LOCK, trigger_id, namespace_id, action_type), trigger_id)


def _found(row: asyncpg.Record | None, trigger_id: str) -> asyncpg.Record:
    if row is None:
        raise NotFoundError.of("trigger", trigger_id)
    return row
