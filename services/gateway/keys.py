"""Who is calling: API keys, looked up by hash and remembered for seconds."""

from cachetools import TTLCache

from services.common.database.keys import hash_key, is_well_formed, use_key
from services.common.database.pool import Pool
from services.common.errors import UnauthorizedError

CACHE_SECONDS = 5.0
CACHED_KEYS = 10_000
BEARER = "bearer "


class KeyRing:
    """Checks keys; a revoked key stops working within CACHE_SECONDS."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: TTLCache[bytes, str] = TTLCache(maxsize=CACHED_KEYS, ttl=CACHE_SECONDS)

    async def check(self, authorization: str) -> str:
        """The id of the key in an Authorization header; UnauthorizedError when it is missing or wrong."""
        if authorization[: len(BEARER)].lower() != BEARER:
            raise UnauthorizedError("Send an API key as 'Authorization: Bearer sk_...'.")
        key = authorization[len(BEARER) :].strip()
        if not is_well_formed(key):
            raise UnauthorizedError("This is not an API key of this server; keys look like 'sk_...'.")
        digest = hash_key(key)
        return self._known.get(digest) or await self._look_up(digest)

    def forget(self) -> None:
        """Makes the next check of every key ask the database."""
        self._known.clear()

    async def _look_up(self, digest: bytes) -> str:
        key_id = await use_key(self._pool, digest)
        if key_id is None:
            raise UnauthorizedError("This API key is unknown or has been revoked.")
        self._known[digest] = key_id
        return key_id
