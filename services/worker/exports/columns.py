"""The columns of an export as a table: which there are, and of which type. Pure."""

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any

import orjson

LARGEST = 2**63


class Kind(Enum):
    """What a column holds; TEXT holds whatever is no single kind of the others, as JSON where it is no text."""

    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"


class Columns:
    """Collects the columns of rows as they pass, in the order in which they are first seen."""

    def __init__(self) -> None:
        self._kinds: dict[str, Kind | None] = {}

    def see(self, row: Mapping[str, Any]) -> None:
        """Takes a row into account."""
        kinds = self._kinds
        for name, value in row.items():
            before = kinds.get(name)
            if before is Kind.TEXT:
                continue
            if value is not None:
                kinds[name] = _both(before, kind_of(value))
            elif before is None:
                kinds[name] = None

    def kinds(self) -> dict[str, Kind]:
        """Name -> kind; what had no value anywhere is TEXT."""
        return {name: kind or Kind.TEXT for name, kind in self._kinds.items()}


def kind_of(value: Any) -> Kind:
    """The kind of a value."""
    if isinstance(value, bool):
        return Kind.BOOL
    if isinstance(value, int):
        return Kind.INT if -LARGEST <= value < LARGEST else Kind.TEXT
    return Kind.FLOAT if isinstance(value, float) else Kind.TEXT


def _both(before: Kind | None, now: Kind) -> Kind:
    if before in (None, now):
        return now
    return Kind.FLOAT if {before, now} == {Kind.INT, Kind.FLOAT} else Kind.TEXT


def cells(rows: Sequence[Mapping[str, Any]], name: str, kind: Kind) -> list[Any]:
    """The values of a column, as one of this kind holds them; None stays None."""
    values = [row.get(name) for row in rows]
    if kind is Kind.TEXT:
        return [each if each is None or isinstance(each, str) else orjson.dumps(each).decode() for each in values]
    return [None if each is None else float(each) for each in values] if kind is Kind.FLOAT else values
