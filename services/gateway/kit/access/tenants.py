"""Which namespace a request is about."""

from cachetools import TTLCache

from services.common.database.pool import Pool
from services.common.errors import NotFoundError
from services.gateway.kit.access.namespace_rows import DEFAULT, find_namespace

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
