"""Reading PostgreSQL within the deadline, its failures told apart: down, too slow, or a filter that it refuses."""

import asyncpg

from services.common import deadlines
from services.common.database.pool import Pool
from services.common.errors import DeadlineError, UnavailableError
from services.common.filters import query_error

DOWN = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError)


class Reader:
    """Runs statements; each is cancelled when the caller's time, at most `seconds`, is over."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """All rows; UnavailableError, DeadlineError or InvalidArgumentError."""
        try:
            return await self._pool.fetch(sql, *values, timeout=deadlines.remaining(self._seconds))
        except TimeoutError as error:
            raise DeadlineError("The database did not answer in time; narrow the filter or allow more time.") from error
        except DOWN as error:
            raise UnavailableError("The database does not answer; try again.") from error
        except asyncpg.PostgresError as error:
            raise query_error(error) or error from error
