"""Connecting to the database: what can be wrong with its address, in the words of an operator."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

import asyncpg

from services.common.errors import InternalError, LikenessError, UnavailableError

SETTING = "LIKENESS_DATABASE_URL"
SCHEMES = ("postgresql", "postgres")
AWAY = (
    *(OSError, TimeoutError),
    *(asyncpg.CannotConnectNowError, asyncpg.TooManyConnectionsError, asyncpg.PostgresConnectionError),
)
WORDS: Mapping[type[Exception], str] = {
    asyncpg.InvalidAuthorizationSpecificationError: (
        f"The database at {{place}} refuses the user or the password of {SETTING}; correct them."
    ),
    asyncpg.InvalidCatalogNameError: f"There is no such database at {{place}}: create it, or correct {SETTING}.",
    asyncpg.UndefinedTableError: "The database at {place} has no tables yet; run `likeness migrate`.",
    asyncpg.InsufficientPrivilegeError: (
        f"The user of {SETTING} may not make tables in its database at {{place}}; grant it that."
    ),
}


@contextmanager
def connection_faults(url: str) -> Iterator[None]:
    """Turns what connecting to `url` raises into InternalError, or UnavailableError where waiting may help."""
    if urlsplit(url).scheme not in SCHEMES:
        message = f"{SETTING} must be an address such as postgresql://user:password@host:5432/database."
        raise InternalError(message, reason="DATABASE_URL")
    try:
        yield
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError) as error:
        raise _fault(error, url) from error


def _fault(error: Exception, url: str) -> LikenessError:
    for kind, message in WORDS.items():
        if isinstance(error, kind):
            return InternalError(message.format(place=place_of(url)))
    if isinstance(error, AWAY):
        why = getattr(error, "strerror", None) or "it takes no connections now"
        message = f"No database answers at {place_of(url)} ({why}). Start it, or correct {SETTING}."
        return UnavailableError(message, reason="DATABASE_AWAY")
    if isinstance(error, asyncpg.PostgresError):
        return InternalError(f"The database at {place_of(url)} cannot be used: {error}.")
    return InternalError(f"{SETTING} cannot be read as an address of PostgreSQL; correct it.", reason="DATABASE_URL")


def place_of(url: str) -> str:
    """Where a database is, without who asks and by which password."""
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.netloc.rpartition("@")[2] or "localhost"])[0]
    return f"{host}{parts.path}"
