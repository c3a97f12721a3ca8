"""The database's failures, in the words of the product."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from services.common.errors import DeadlineError, UnavailableError
from services.common.filters import query_error

DOWN = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError, asyncpg.OperatorInterventionError)


@contextmanager
def database_faults() -> Iterator[None]:
    """Turns what asyncpg raises into DeadlineError, UnavailableError or InvalidArgumentError (a filter's fault)."""
    try:
        yield
    except TimeoutError as error:
        raise DeadlineError("The database did not answer in time; narrow the filter or try again.") from error
    except DOWN as error:
        raise UnavailableError("The database does not answer; try again.") from error
    except asyncpg.PostgresError as error:
        raise query_error(error) or error from error
