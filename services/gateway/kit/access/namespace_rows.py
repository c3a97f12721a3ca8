"""Namespaces: what one tenant sees. A request that names none gets the one called `default`."""

import asyncpg

from services.common.database.pool import Executor
from services.common.ids import new_id

DEFAULT = "default"


async def ensure_default_namespace(db: Executor) -> str:
    """The id of the default namespace, made at first start."""
    await db.execute(
        "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $2) ON CONFLICT (namespace_name) DO NOTHING",
        new_id("ns"),
        DEFAULT,
    )
    value: str = await db.fetchval("SELECT namespace_id FROM namespaces WHERE namespace_name = $1", DEFAULT)
    return value


async def find_namespace(db: Executor, identifier: str) -> asyncpg.Record | None:
    """The namespace with this id, or else this name."""
    return await db.fetchrow(
        """SELECT * FROM namespaces WHERE (namespace_id = $1 OR namespace_name = $1) AND deleted_at IS NULL
           ORDER BY namespace_id = $1 DESC LIMIT 1""",
        identifier,
    )
