"""Reading PostgreSQL within the deadline of the request in hand."""

import asyncpg

from services.common.database.pool import Pool
from services.common.database.query_errors import database_faults
from services.common.grpc import deadlines


class Reader:
    """Runs statements; each is cancelled when the caller's time, at most `seconds`, is over."""

    def __init__(self, pool: Pool, seconds: float) -> None:
        self._pool = pool
        self._seconds = seconds

    async def fetch(self, sql: str, *values: object) -> list[asyncpg.Record]:
        """All rows; UnavailableError, DeadlineError, or InvalidArgumentError for a filter that PostgreSQL refuses."""
        with database_faults():
            return await self._pool.fetch(sql, *values, timeout=deadlines.remaining(self._seconds))
