"""Of which type a value of an export is, and the paths in it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.common.json.instants import moment_of
from services.gateway.imports.shapes import SourceType
from services.gateway.imports.vectors import is_numbers

DEPTH = 16


def type_of(value: Any) -> SourceType:
    """The type of a value; a list is an object unless it is a vector."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer"
    if isinstance(value, float):
        return "float"
    if isinstance(value, str):
        return "datetime" if moment_of(value) is not None else "string"
    return "vector" if is_numbers(value) else "object"


def fits(found: SourceType, wanted: SourceType) -> bool:
    """Whether a value of one type will do where another is wanted."""
    return found in (wanted, "null") or (found, wanted) in {
        ("integer", "float"),
        ("datetime", "string"),
        ("string", "vector"),
    }


def leaves(row: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of everything in a row that is no object with names."""
    for name, value in row.items():
        path = f"{prefix}{name}"
        if isinstance(value, Mapping) and value and depth < DEPTH:
            yield from leaves(value, f"{path}.", depth + 1)
        else:
            yield path, value
