"""Reading with a query that a user wrote: bounded in time, planned for its very values, and its faults the user's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Literal

import asyncpg

from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import InvalidArgumentError

QUERY_SECONDS = 10
ISOLATION: Literal["repeatable_read"] = "repeatable_read"
LIMITS: Mapping[str, str] = {
    "statement_timeout": f"{QUERY_SECONDS}s",
    # A plan made for no value in particular reads a whole collection to find a rare label.
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
}
# For a pool of connections for such queries; to set and unset this each time would cost two round trips per list.
BOUNDED: Mapping[str, str] = {**LIMITS, "default_transaction_read_only": "on"}
# The same for one transaction, which may also write.
SETTINGS = "; ".join(f"SET LOCAL {name} = '{value}'" for name, value in LIMITS.items())


@asynccontextmanager
async def bounded(queries: Executor, path: str = "filters") -> AsyncIterator[Connection]:
    """A connection of a pool whose session is BOUNDED: its statements only read, and end after QUERY_SECONDS.

    What takes longer, or holds what a database cannot compare, becomes an InvalidArgumentError at `path`. One that is
    such a connection already stays the same.
    """
    if not isinstance(queries, asyncpg.Pool):
        with user_faults(path):
            yield queries
        return
    async with queries.acquire() as connection:
        with user_faults(path):
            yield connection


@asynccontextmanager
async def snapshot(queries: Pool, path: str = "filters") -> AsyncIterator[Connection]:
    """Like `bounded`, and all statements see what the first one saw: for an answer whose parts must agree.

    Two more round trips, so an answer of one statement needs none.
    """
    async with bounded(queries, path) as connection, connection.transaction(isolation=ISOLATION, readonly=True):
        yield connection


@contextmanager
def user_faults(path: str) -> Iterator[None]:
    """Turns what a database makes of a bad query into InvalidArgumentError."""
    try:
        yield
    except asyncpg.QueryCanceledError as error:
        message = f"{path}: takes longer than {QUERY_SECONDS} s; narrow it, or compare in a simpler way."
        raise InvalidArgumentError(message, reason="QUERY_TOO_SLOW", path=path) from error
    except (asyncpg.DataError, asyncpg.ProgramLimitExceededError) as error:
        raise InvalidArgumentError(f"{path}: {error}.", reason="INVALID_FILTER", path=path) from error
