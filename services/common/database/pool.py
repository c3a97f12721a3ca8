"""Connections to PostgreSQL, the truth of the product."""

from collections.abc import Mapping
from typing import Any, TypeAlias

import asyncpg
import asyncpg.pool
import orjson

from services.common.database.connection_errors import connection_faults
from services.common.errors import InternalError
from services.common.settings import Settings

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Executor: TypeAlias = "Connection | Pool"


async def open_pool(settings: Settings, *, size: int | None = None, session: Mapping[str, str] | None = None) -> Pool:
    """A pool on LIKENESS_DATABASE_URL, after checking that an acknowledged commit survives a crash.

    `session` are settings of PostgreSQL that hold on each of its connections.
    """
    if not settings.database_url:
        raise InternalError("LIKENESS_DATABASE_URL is not set; name a PostgreSQL database or use `likeness up`.")
    with connection_faults(settings.database_url):
        pool = await asyncpg.create_pool(
            settings.database_url,
            min_size=1,
            max_size=size or settings.database_pool_size,
            init=prepare_connection,
            reset=keep_session,
            command_timeout=60,
            server_settings=dict(session or {}),
        )
    await _require_durability(pool)
    return pool


async def prepare_connection(connection: Connection) -> None:
    """Lets jsonb columns be read and written as Python values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=encode_json, decoder=orjson.loads)


async def keep_session(connection: Connection) -> None:
    """Saves a round trip per use: an open transaction is rolled back all the same, and nobody changes the session."""


def encode_json(value: Any) -> str:
    """JSON text of a Python value."""
    return orjson.dumps(value).decode()


async def _require_durability(pool: Pool) -> None:
    for setting in ("fsync", "synchronous_commit"):
        if await pool.fetchval(f"SHOW {setting}") == "off":
            raise InternalError(f"PostgreSQL runs with {setting}=off: acknowledged uploads could be lost. Turn it on.")
