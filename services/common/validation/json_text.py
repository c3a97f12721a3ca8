"""JSON as it is sent: what is no JSON, and numbers that nobody could give back as they came, are refused."""

import json
from collections.abc import Iterator
from typing import Any

import orjson

from services.common.errors import InvalidArgumentError

SMALLEST, LARGEST = -(2**63), 2**64 - 1
LARGEST_SIGNED = 2.0**63
DIGITS = 20


class _Refused:
    """Stands where a number stood that cannot be kept; `why` completes a sentence."""

    def __init__(self, why: str) -> None:
        self.why = why


TOO_LARGE = _Refused("is a whole number of more than 64 bits, which would be rounded; send it as a text.")
INFINITE = _Refused("is a number that no 64-bit floating point number can hold.")
NO_NUMBER = _Refused("is not a number; JSON has neither NaN nor Infinity.")


def read_json(text: str | bytes, path: str) -> Any:
    """The value of a JSON text; `path` names it. JSONDecodeError, or InvalidArgumentError that names the number."""
    try:
        content = orjson.loads(text)
    except orjson.JSONDecodeError:
        _refuse_numbers(text, path)
        raise
    if any(isinstance(value, float) and abs(value) >= LARGEST_SIGNED for value in _scalars(content)):
        _refuse_numbers(text, path)
    return content


def _refuse_numbers(text: str | bytes, path: str) -> None:
    """Raises for the first number that cannot be kept; what is no JSON for other reasons is passed over."""
    try:
        content = json.loads(text, parse_int=_whole, parse_float=_real, parse_constant=lambda _: NO_NUMBER)
    except (ValueError, RecursionError):
        return
    for place, refused in _refusals(content, path):
        raise InvalidArgumentError(f"{place} {refused.why}", reason="INVALID_NUMBER", path=place)


def _whole(digits: str) -> Any:
    if len(digits) > DIGITS:
        return TOO_LARGE
    return value if SMALLEST <= (value := int(digits)) <= LARGEST else TOO_LARGE


def _real(digits: str) -> Any:
    return INFINITE if abs(value := float(digits)) == float("inf") else value


def _scalars(content: Any) -> Iterator[Any]:
    waiting = [content]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
        else:
            yield value


def _refusals(content: Any, path: str) -> Iterator[tuple[str, _Refused]]:
    waiting = [(path, content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, _Refused):
            yield place, value
        elif isinstance(value, dict):
            waiting.extend((f"{place}.{key}", inside) for key, inside in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{place}.{position}", inside) for position, inside in enumerate(value))
