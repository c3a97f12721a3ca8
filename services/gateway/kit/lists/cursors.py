"""Cursors: where a page ended, as text that a client hands back. Pure; what comes back is not trusted."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from services.common.errors import InvalidArgumentError

PATH = "query.cursor"
MAX_CURSOR = 16_000
MAX_VALUE = 8_000


@dataclass(frozen=True, kw_only=True)
class Cursor:
    """The last row of a page: its sort values as text (None where it has none), and its key."""

    values: tuple[str | None, ...]
    key: str


def write_cursor(order: str, cursor: Cursor) -> str:
    """The text of a cursor of a list that is sorted as `order` names it."""
    if any(value is not None and len(value) > MAX_VALUE for value in cursor.values):
        message = f"This field holds values of more than {MAX_VALUE} characters; sort by another one."
        raise InvalidArgumentError(message, path="query.sort")
    content = orjson.dumps([order, list(cursor.values), cursor.key])
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def order_in(text: str) -> str:
    """The name of the order that a cursor belongs to."""
    found = _decoded(text)
    return found[0] if isinstance(found, list) and found and isinstance(found[0], str) else ""


def read_cursor(text: str, order: str, count: int) -> Cursor:
    """The cursor with `count` sort values that `write_cursor` wrote; one of a list sorted otherwise is refused."""
    found = _decoded(text)
    if not (isinstance(found, list) and len(found) == 3 and found[0] == order):
        raise _foreign("belongs to a list that is sorted otherwise.")
    _, values, key = found
    if not isinstance(values, list) or len(values) != count or not isinstance(key, str):
        raise _foreign("is not one that this server gave.")
    if not all(value is None or isinstance(value, str) for value in values):
        raise _foreign("is not one that this server gave.")
    return Cursor(values=tuple(values), key=key)


def _decoded(text: str) -> object:
    if len(text) > MAX_CURSOR or not text.isascii():
        raise _foreign("is not one that this server gave.")
    try:
        return orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise _foreign("is not one that this server gave.") from error


def _foreign(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"cursor {message}", reason="INVALID_CURSOR", path=PATH)
