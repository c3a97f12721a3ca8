"""Which namespace a request is about."""

import asyncpg
from cachetools import TTLCache

from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.common.ids import new_id

DEFAULT = "default"

CACHE_SECONDS = 5.0
CACHED_NAMESPACES = 10_000


class Tenants:
    """Resolves the X-Namespace header, an id or a name; without one, the default namespace is meant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: TTLCache[str, str] = TTLCache(maxsize=CACHED_NAMESPACES, ttl=CACHE_SECONDS)

    async def find(self, header: str) -> str | None:
        """The id of the namespace, None when there is none."""
        identifier = header.strip() or DEFAULT
        known = self._known.get(identifier)
        if known is not None:
            return known
        row = await find_namespace(self._pool, identifier)
        if row is None:
            return None
        namespace_id = str(row["namespace_id"])
        self._known[identifier] = namespace_id
        return namespace_id

    def forget(self) -> None:
        """Makes the next request in every namespace ask the database."""
        self._known.clear()

    async def get(self, header: str) -> str:
        """Like find, but raises NotFoundError."""
        namespace_id = await self.find(header)
        if namespace_id is None:
            error = NotFoundError(f"No namespace '{header}'.", resource="namespace", id=header)
            raise error
        return namespace_id


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
