"""Reading with a query that a user wrote: bounded in time, planned for its very values, and its faults the user's."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import asyncpg

from services.common.database.pool import Connection, Pool
from services.common.errors import InvalidArgumentError

QUERY_SECONDS = 10
# A plan made for no value in particular reads a whole collection to find a rare label.
SETTINGS = (
    f"SET LOCAL statement_timeout = '{QUERY_SECONDS}s'; "
    "SET LOCAL plan_cache_mode = force_custom_plan; SET LOCAL jit = off"
)
# In one round trip: a list is answered in a few milliseconds.
BEGIN = f"BEGIN READ ONLY; {SETTINGS}"


@asynccontextmanager
async def bounded(pool: Pool, path: str = "filters") -> AsyncIterator[Connection]:
    """A connection in a read-only transaction whose statements end after QUERY_SECONDS.

    What takes longer, or holds what a database cannot compare, becomes an InvalidArgumentError at `path`.
    """
    async with pool.acquire() as connection:
        await connection.execute(BEGIN)
        try:
            with user_faults(path):
                yield connection
        finally:
            # What ends the process or the connection ends the transaction too.
            if not connection.is_closed():
                await connection.execute("ROLLBACK")


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
