"""Outlasting a database that is away for a while, or that asks for a transaction to be repeated."""

import asyncpg
import tenacity
from asyncpg import exceptions

OUTAGES: tuple[type[BaseException], ...] = (
    OSError,
    TimeoutError,
    exceptions.PostgresConnectionError,
    exceptions.OperatorInterventionError,
    exceptions.InsufficientResourcesError,
    # A connection that is lost at the very moment at which a statement begins on it.
    exceptions.InternalClientError,
    exceptions.TransactionRollbackError,
)
SECONDS_BETWEEN = 2.0


def is_outage(error: BaseException) -> bool:
    """Whether the same statement may well succeed later."""
    if isinstance(error, OUTAGES):
        return True
    # asyncpg has one class for a connection that is gone and for a wrong call of its own.
    return isinstance(error, asyncpg.InterfaceError) and "closed" in str(error)


retried_in_outage = tenacity.retry(
    retry=tenacity.retry_if_exception(is_outage),
    wait=tenacity.wait_random_exponential(multiplier=0.05, max=SECONDS_BETWEEN),
    reraise=True,
)
