"""Namespaces in the database."""

from collections.abc import Sequence
from typing import Any

import asyncpg

from services.common.database.buckets.removal import start_namespace_removal
from services.common.database.pool import Connection, Executor, Pool
from services.common.database.tasks.create_task import OPEN, request_cancel
from services.common.errors import AlreadyExistsError, NotFoundError
from services.common.filters.tables import Column, Table
from services.gateway.kit.access.tenants import ensure_default_namespace, find_namespace
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import AGE, CREATED, NAME_SEARCH, UPDATED
from services.gateway.kit.rows.change_row import MERGED, change_row
from services.gateway.kit.rows.resource_names import name_taken

NAMESPACES = Table(
    alias="n",
    columns={
        "namespace_id": Column("namespace_id"),
        "namespace_name": Column("namespace_name"),
        "created_at": CREATED,
        "updated_at": UPDATED,
    },
    prefixes={},
    fields="settings",
)
NAMESPACE_COLUMNS = """n.*,
    (SELECT count(*) FROM buckets x WHERE x.namespace_id = n.namespace_id AND x.deleted_at IS NULL) AS bucket_count,
    (SELECT count(*) FROM collections x WHERE x.namespace_id = n.namespace_id) AS collection_count,
    (SELECT count(*) FROM objects x WHERE x.namespace_id = n.namespace_id) AS object_count,
    (SELECT count(*) FROM documents x WHERE x.namespace_id = n.namespace_id) AS document_count"""
LIST_NAMESPACES = Listing(
    table=NAMESPACES,
    source="namespaces n",
    columns=NAMESPACE_COLUMNS,
    key=AGE.format(alias="n") + " || n.namespace_id)",
    key_type="text",
)
SEARCH_NAMESPACES = NAME_SEARCH.format(name="n.namespace_name", alias="n")

FIND = f"SELECT {NAMESPACE_COLUMNS} FROM namespaces n WHERE n.namespace_id = ANY($1)"  # noqa: S608
INSERT = """INSERT INTO namespaces (namespace_id, namespace_name, description, settings, expires_at)
    VALUES ($1, $2, $3, $4, $5)"""
MERGED_TOO = {**MERGED, "settings": "settings || {}"}
RUNNING = """
    SELECT 'batch ' || batch_id FROM batches WHERE namespace_id = $1 AND status IN ('PENDING', 'PROCESSING')
    UNION ALL
    SELECT 'task ' || task_id FROM tasks WHERE namespace_id = $1 AND status = ANY($2)
    ORDER BY 1 LIMIT 5"""
CANCEL_BATCHES = """UPDATE batches SET status = 'CANCELED', ended_at = now(), updated_at = now()
    WHERE namespace_id = $1 AND status IN ('PENDING', 'PROCESSING')"""


async def create_namespace(db: Executor, values: dict[str, Any]) -> None:
    """Stores a namespace; AlreadyExistsError when its name or id is taken."""
    names = ("namespace_id", "namespace_name", "description", "settings", "expires_at")
    try:
        await db.execute(INSERT, *(values[name] for name in names))
    except asyncpg.UniqueViolationError as error:
        raise name_taken("namespace", values["namespace_name"]) from error


async def namespace_id_of(db: Executor, identifier: str) -> str:
    """The id of the namespace with this id or name."""
    found = await find_namespace(db, identifier)
    if found is None:
        raise NotFoundError(f"No namespace '{identifier}'.", resource="namespace", id=identifier)
    return str(found["namespace_id"])


async def read_namespaces(db: Executor, namespace_ids: Sequence[str]) -> list[asyncpg.Record]:
    """Namespaces with their counts, by id; those that do not exist are missing."""
    rows = await db.fetch(FIND, list(namespace_ids))
    return [row for row in rows if row["deleted_at"] is None]


async def update_namespace(pool: Pool, namespace_id: str, columns: dict[str, Any], settings: dict[str, Any]) -> None:
    """Changes what is given; of the settings too."""
    every = {**columns, "settings": settings}
    async with pool.acquire() as connection, connection.transaction():
        try:
            await change_row(connection, "namespaces", "namespace_id", namespace_id, every, merged=MERGED_TOO)
        except asyncpg.UniqueViolationError as error:
            raise name_taken("namespace", str(columns.get("namespace_name"))) from error


async def delete_namespace(pool: Pool, namespace_id: str, *, force: bool) -> str:
    """Hides a namespace and returns the task that empties it; while something runs in it, only with `force`."""
    async with pool.acquire() as connection, connection.transaction():
        running = await connection.fetch(RUNNING, namespace_id, list(OPEN))
        if running and not force:
            raise _busy(namespace_id, [row[0] for row in running])
        await _stop_all(connection, namespace_id)
        task_id = await start_namespace_removal(connection, namespace_id)
        if task_id is None:
            raise NotFoundError(f"No namespace '{namespace_id}'.", resource="namespace", id=namespace_id)
        await ensure_default_namespace(connection)
    return task_id


async def _stop_all(connection: Connection, namespace_id: str) -> None:
    await connection.execute(CANCEL_BATCHES, namespace_id)
    tasks = await connection.fetch(
        "SELECT task_id FROM tasks WHERE namespace_id = $1 AND status = ANY($2)", namespace_id, list(OPEN)
    )
    for row in tasks:
        await request_cancel(connection, row["task_id"])


def _busy(namespace_id: str, running: Sequence[str]) -> AlreadyExistsError:
    message = f"{', '.join(running)} still running in this namespace; wait, or delete it with ?force=true."
    return AlreadyExistsError(message, reason="NAMESPACE_BUSY", resource="namespace", id=namespace_id)
