"""Users and the organization in the database."""

from typing import Any

import asyncpg

from services.common.database.pool import Executor, Pool
from services.common.errors import AlreadyExistsError, NotFoundError
from services.common.ids import new_id
from services.gateway.kit.rows.change_row import change_row

ORGANIZATION = "(SELECT organization_id FROM organizations LIMIT 1) AS organization_id"
FIND = f"SELECT u.*, {ORGANIZATION} FROM users u WHERE u.email = $1"  # noqa: S608
LIST = f"""SELECT u.*, {ORGANIZATION} FROM users u
    WHERE u.role = coalesce($1, u.role) AND u.status = coalesce($2, u.status)
    ORDER BY u.row_key LIMIT $3 OFFSET $4"""  # noqa: S608
INSERT = """INSERT INTO users (user_id, email, user_name, avatar_url, role, status, metadata)
    VALUES ($1, $2, $3, $4, $5, $6, $7)"""


async def read_organization(db: Executor) -> asyncpg.Record:
    """The one organization."""
    row = await db.fetchrow("SELECT * FROM organizations LIMIT 1")
    if row is None:
        raise NotFoundError("The organization is missing; run `likeness migrate`.", resource="organization", id="")
    return row


async def create_user(db: Executor, values: dict[str, Any]) -> asyncpg.Record:
    """The new user; AlreadyExistsError when the email is taken."""
    names = ("email", "user_name", "avatar_url", "role", "status")
    try:
        await db.execute(INSERT, new_id("usr"), *(values[name] for name in names), values["metadata"] or {})
    except asyncpg.UniqueViolationError as error:
        message = f"A user with the email '{values['email']}' exists already."
        raise AlreadyExistsError(message, resource="user", id=values["email"]) from error
    return await get_user(db, values["email"])


async def get_user(db: Executor, email: str) -> asyncpg.Record:
    """A user by email, in any letter case."""
    row = await db.fetchrow(FIND, email.lower())
    if row is None:
        message = f"No user '{email}'; create one with POST /v1/organizations/users."
        raise NotFoundError(message, resource="user", id=email)
    return row


async def list_users(
    db: Executor, role: str | None, status: str | None, limit: int, offset: int
) -> list[asyncpg.Record]:
    """Users, oldest first."""
    return await db.fetch(LIST, role, status, limit, offset)


async def update_user(pool: Pool, email: str, columns: dict[str, Any]) -> asyncpg.Record:
    """The user after the change."""
    user = await get_user(pool, email)
    async with pool.acquire() as connection, connection.transaction():
        await change_row(connection, "users", "user_id", user["user_id"], columns)
    return await get_user(pool, email)


async def delete_user(db: Executor, email: str) -> None:
    """Deletes a user with all their keys."""
    user = await get_user(db, email)
    await db.execute("DELETE FROM users WHERE user_id = $1", user["user_id"])
