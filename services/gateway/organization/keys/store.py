"""The keys of users in the database."""

from typing import Any

import asyncpg

from services.common.database.api_keys import SHOWN_LENGTH, hash_key, new_key
from services.common.database.pool import Executor
from services.common.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from services.common.ids import new_id
from services.gateway.organization.users.store import ORGANIZATION

FIND = f"""SELECT k.*, {ORGANIZATION} FROM api_keys k WHERE k.user_id = $1 AND (k.key_id = $2 OR k.name = $2)
    ORDER BY k.key_id = $2 DESC, k.revoked_at DESC NULLS FIRST LIMIT 1"""  # noqa: S608
LIST = f"""SELECT k.*, {ORGANIZATION} FROM api_keys k WHERE k.user_id = $1 AND ($2 OR k.revoked_at IS NULL)
    ORDER BY k.created_at, k.key_id"""  # noqa: S608
REVOKE = """UPDATE api_keys SET revoked_at = coalesce(revoked_at, now()), revoked_by = coalesce(revoked_by, $2)
    WHERE key_id = $1"""
ROTATE = "UPDATE api_keys SET key_prefix = $2, key_hash = $3, last_used_at = NULL WHERE key_id = $1"


async def create_user_key(
    db: Executor, user_id: str, created_by: str, columns: dict[str, Any]
) -> tuple[asyncpg.Record, str]:
    """The new key's row, and the key itself."""
    key, key_id = new_key(), new_id("key")
    values = {
        "key_id": key_id,
        "key_prefix": key[:SHOWN_LENGTH],
        "key_hash": hash_key(key),
        "user_id": user_id,
        "created_by": created_by,
        **columns,
    }
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    sql = f"INSERT INTO api_keys ({', '.join(values)}) VALUES ({places})"  # noqa: S608
    await _named(db, columns["name"], sql, *values.values())
    return await get_user_key(db, user_id, key_id), key


async def get_user_key(db: Executor, user_id: str, identifier: str) -> asyncpg.Record:
    """A key of this user by id or name; of those with one name, the living one."""
    row = await db.fetchrow(FIND, user_id, identifier)
    if row is None:
        raise NotFoundError(f"This user has no key '{identifier}'.", resource="api_key", id=identifier)
    return row


async def list_user_keys(db: Executor, user_id: str, *, include_revoked: bool) -> list[asyncpg.Record]:
    """The keys of a user, oldest first."""
    return await db.fetch(LIST, user_id, include_revoked)


async def update_user_key(db: Executor, user_id: str, key_id: str, columns: dict[str, Any]) -> asyncpg.Record:
    """The key after the change."""
    if columns:
        sets = ", ".join(f"{name} = ${number}" for number, name in enumerate(columns, 2))
        sql = f"UPDATE api_keys SET {sets} WHERE key_id = $1"  # noqa: S608
        await _named(db, str(columns.get("name")), sql, key_id, *columns.values())
    return await get_user_key(db, user_id, key_id)


async def revoke_user_key(db: Executor, key_id: str, revoked_by: str) -> None:
    """Ends a key; revoking twice changes nothing."""
    await db.execute(REVOKE, key_id, revoked_by)


async def rotate_user_key(db: Executor, user_id: str, row: asyncpg.Record) -> tuple[asyncpg.Record, str]:
    """A new secret for a living key; the old one is refused from now on."""
    if row["revoked_at"] is not None:
        raise InvalidArgumentError(f"The key '{row['name']}' is revoked; create a new one.", path="path.key_name")
    key = new_key()
    await db.execute(ROTATE, row["key_id"], key[:SHOWN_LENGTH], hash_key(key))
    return await get_user_key(db, user_id, row["key_id"]), key


async def _named(db: Executor, name: str, sql: str, *values: object) -> None:
    try:
        await db.execute(sql, *values)
    except asyncpg.UniqueViolationError as error:
        message = f"This user has a key named '{name}' already; revoke it first."
        raise AlreadyExistsError(message, resource="api_key", id=name) from error
