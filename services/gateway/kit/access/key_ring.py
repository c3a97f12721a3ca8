"""Who is calling: API keys, looked up by hash and remembered for seconds."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
from cachetools import TTLCache

from services.common.database.api_keys import hash_key, is_well_formed, use_key
from services.common.database.pool import Pool
from services.common.errors import UnauthorizedError
from services.gateway.kit.access.permissions import EVERYTHING, OPERATIONS, ROLES, CallerKey, Scope, reach

CACHE_SECONDS = 5.0
CACHED_KEYS = 10_000
BEARER = "bearer "
NAMESPACES = "SELECT namespace_id, namespace_name FROM namespaces WHERE deleted_at IS NULL"


class KeyRing:
    """Checks keys; a revoked key stops working within CACHE_SECONDS."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: TTLCache[bytes, CallerKey] = TTLCache(maxsize=CACHED_KEYS, ttl=CACHE_SECONDS)

    async def check(self, authorization: str) -> CallerKey:
        """The key in an Authorization header; UnauthorizedError when it is missing, wrong or expired."""
        if authorization[: len(BEARER)].lower() != BEARER:
            raise UnauthorizedError("Send an API key as 'Authorization: Bearer sk_...'.")
        key = authorization[len(BEARER) :].strip()
        if not is_well_formed(key):
            raise UnauthorizedError("This is not an API key of this server; keys look like 'sk_...'.")
        return await self.check_hash(hash_key(key))

    async def check_hash(self, digest: bytes) -> CallerKey:
        """The key with this hash; UnauthorizedError when it is unknown, revoked or expired."""
        found = self._known.get(digest) or await self._look_up(digest)
        if found.expires_at is not None and found.expires_at <= datetime.now(UTC):
            raise UnauthorizedError("This API key has expired; rotate it, or set a later expires_at.")
        return found

    def forget(self) -> None:
        """Makes the next check of every key ask the database."""
        self._known.clear()

    async def _look_up(self, digest: bytes) -> CallerKey:
        row = await use_key(self._pool, digest)
        if row is None or row["user_status"] == "suspended":
            raise UnauthorizedError("This API key is unknown or has been revoked.")
        key = to_caller(row, await self._pool.fetch(NAMESPACES) if row["scopes"] else [])
        self._known[digest] = key
        return key


def to_caller(row: asyncpg.Record, namespaces: Iterable[asyncpg.Record]) -> CallerKey:
    """What a key may do, from its row and, where it has scopes, the namespaces that there are."""
    scopes = [to_scope(each) for each in row["scopes"]]
    return CallerKey(
        key_id=row["key_id"],
        name=row["name"],
        user_email=row["user_email"],
        permissions=frozenset(row["permissions"]) & ROLES.get(row["user_role"], EVERYTHING),
        namespaces=reach(scopes, [(each[0], each[1]) for each in namespaces]) if scopes else None,
        rate_limit=row["rate_limit_override"],
        allowed_origins=tuple(row["allowed_origins"] or ()),
        expires_at=row["expires_at"],
    )


def to_scope(stored: Mapping[str, Any]) -> Scope:
    """A scope as it is stored; without operations it leaves all that the key may do."""
    operations = stored.get("operations")
    granted = EVERYTHING if operations is None else frozenset(OPERATIONS[each] for each in operations)
    return Scope(pattern=stored["resource_id"], permissions=granted, namespace_id=stored.get("namespace_id"))
