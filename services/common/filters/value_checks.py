"""What a condition may be given: the right type for its operator, and nothing that a database cannot hold."""

import re
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.filters.tree import EQUALITY, ORDER, PRESENCE, Operator, Scalar, Value

MAX_VALUES = 10_000
MAX_TEXT = 10_000
MAX_FIELD = 512
MAX_REGEX = 256
MAX_NUMBER = 1e308
WHOLE = 2**53
LISTS = frozenset({Operator.IN, Operator.NIN})

# PostgreSQL's engine needs no backtracking except for back references; the rest here is what it spells differently.
_REFUSED_REGEX = re.compile(r"\\[1-9]|\(\?(?!:|=|!|<=|<!)|[*+?}]\+|\{,|\{\d{4,}|\*\*\*")
_TEMPLATE = re.compile(r"\{\{|\{%|\{(?:INPUT|DOC|CONTEXT|STAGE|SECRET|inputs?|doc|context|stage|secrets?)[.\[]")


def invalid(message: str, path: str) -> InvalidArgumentError:
    """The error for the part of a filter at `path`."""
    return InvalidArgumentError(f"{path}: {message}", reason="INVALID_FILTER", path=path)


def is_dynamic(value: Value) -> bool:
    """Whether the value is a template, or a list that holds one."""
    if isinstance(value, tuple):
        return any(is_dynamic(item) for item in value)
    return isinstance(value, str) and _TEMPLATE.search(value) is not None


def checked_value(operator: Operator, raw: Any, path: str, *, templates: bool) -> Value:
    """The value as the tree holds it; with `templates`, a template may stand for any type."""
    value = _list(raw, path) if isinstance(raw, list | tuple) else _scalar(raw, path)
    if not (templates and is_dynamic(value)):
        _check_type(operator, value, path)
    return value


def _list(raw: list[Any] | tuple[Any, ...], path: str) -> Value:
    if len(raw) > MAX_VALUES:
        raise invalid(f"holds more than {MAX_VALUES} values.", path)
    return tuple(_scalar(item, f"{path}.{position}") for position, item in enumerate(raw))


def _scalar(raw: Any, path: str) -> Scalar:
    match raw:
        case None | bool():
            return raw
        case str():
            return checked_text(raw, path, MAX_TEXT)
        case int() | float() if -MAX_NUMBER <= raw <= MAX_NUMBER:
            return _number(raw)
        case int() | float():
            raise invalid("must be a finite number.", path)
        case _:
            raise invalid("must be a text, a number, true, false, null or a list of these.", path)


def _number(raw: int | float) -> int | float:
    """One form for equal numbers: 1.0 becomes 1, and an integer of more than 64 bits a float, as JSON readers do."""
    if abs(raw) < WHOLE:
        return int(raw) if raw == int(raw) else raw
    return raw if -(2**63) <= raw < 2**64 else float(raw)


def checked_text(text: str, path: str, limit: int) -> str:
    """The text, if it has at most `limit` characters and a database can hold it."""
    if len(text) > limit:
        raise invalid(f"is longer than {limit} characters.", path)
    if "\0" in text or (not text.isprintable() and any("\ud800" <= character <= "\udfff" for character in text)):
        raise invalid("holds a character that cannot be stored (NUL or a lone surrogate).", path)
    return text


def _check_type(operator: Operator, value: Value, path: str) -> None:
    if operator in LISTS:
        _require(isinstance(value, tuple), f"'{operator}' needs a list of values.", path)
    elif operator in EQUALITY:
        _require(not isinstance(value, tuple), f"'{operator}' needs one value; use 'in' or 'nin' for a list.", path)
    elif operator in ORDER:
        number = isinstance(value, str | int | float) and not isinstance(value, bool)
        _require(number, f"'{operator}' needs a number or a text.", path)
    elif operator in PRESENCE:
        _require(isinstance(value, bool), f"'{operator}' needs true or false.", path)
    elif operator is Operator.CONTAINS:
        _require(value is not None and not isinstance(value, tuple), "'contains' needs one value.", path)
    else:
        _require(isinstance(value, str), f"'{operator}' needs a text.", path)
    if operator is Operator.REGEX:
        _check_regex(str(value), path)


def _check_regex(pattern: str, path: str) -> None:
    _require(len(pattern) <= MAX_REGEX, f"is a regular expression longer than {MAX_REGEX} characters.", path)
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError) as error:
        raise invalid(f"is not a regular expression: {error}.", path) from error
    refused = _REFUSED_REGEX.search(pattern)
    _require(refused is None, f"uses '{refused and refused[0]}', which regular expressions here do not have.", path)


def _require(holds: bool, message: str, path: str) -> None:
    if not holds:
        raise invalid(message, path)
