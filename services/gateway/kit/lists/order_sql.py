"""The order of a list, and where it goes on after a cursor: SQL from fields in any spelling that filters know."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.common.filters import Table
from services.common.filters.parameters import Parameters
from services.common.filters.sql import order_value
from services.common.filters.tables import Column, Kind
from services.common.filters.value_checks import MAX_FIELD, checked_text
from services.gateway.kit.lists.cursors import Cursor

TYPES = {Kind.TEXT: "text", Kind.TIME: "timestamptz", Kind.OTHER: "jsonb"}


@dataclass(frozen=True, kw_only=True)
class Sort:
    """Sorts by a field; rows without a value come last either way."""

    field: str
    descending: bool = False

    @property
    def name(self) -> str:
        """The field with a minus before it when it descends."""
        return f"{'-' if self.descending else ''}{self.field}"


@dataclass(frozen=True, kw_only=True)
class Term:
    """One column of an ORDER BY."""

    expression: str
    type: str
    descending: bool

    def sql(self) -> str:
        """As ORDER BY has it."""
        return f"{self.expression} {'DESC' if self.descending else 'ASC'} NULLS LAST"

    def beyond(self, bound: str | None) -> str | None:
        """SQL of what comes after `bound` in this column; None when nothing does."""
        if bound is None:
            return None
        return f"({self.expression} {'<' if self.descending else '>'} {bound} OR {self.expression} IS NULL)"

    def same(self, bound: str | None) -> str:
        """SQL of what equals `bound`."""
        return f"{self.expression} IS NULL" if bound is None else f"{self.expression} = {bound}"


@dataclass(frozen=True, kw_only=True)
class Order:
    """The columns of an ORDER BY, made total by `key`; `name` tells lists of different orders apart."""

    name: str
    terms: tuple[Term, ...]
    key: Term

    def sql(self) -> str:
        """The ORDER BY."""
        return ", ".join((*(term.sql() for term in self.terms), f"{self.key.expression} ASC"))

    def values(self) -> str:
        """SQL of the sort values of a row, as an array of texts."""
        return f"ARRAY[{', '.join(f'({term.expression})::text' for term in self.terms)}]::text[]"

    def after(self, cursor: Cursor, parameters: Parameters) -> str:
        """SQL of the rows that come after a cursor."""
        equal: list[str] = []
        found: list[str] = []
        for term, value in zip((*self.terms, self.key), (*cursor.values, cursor.key), strict=True):
            bound = None if value is None else f"{parameters.bind(value)}::text::{term.type}"
            beyond = f"{term.expression} > {bound}" if term is self.key else term.beyond(bound)
            if beyond is not None:
                found.append(" AND ".join((*equal, beyond)))
            equal.append(term.same(bound))
        return f"({' OR '.join(f'({part})' for part in found)})"


def order_of(table: Table, sorts: Sequence[Sort], key: Term, parameters: Parameters, tag: str = "") -> Order:
    """The order that `sorts` ask for; without any, rows come as they were made. `tag` becomes part of its name."""
    terms = tuple(_term(table, sort, parameters) for sort in sorts)
    return Order(name=",".join(sort.name for sort in sorts) + tag, terms=terms, key=key)


def _term(table: Table, sort: Sort, parameters: Parameters) -> Term:
    place = table.resolve(checked_text(sort.field, "sort.field", MAX_FIELD))
    if not isinstance(place, Column):
        return Term(
            expression=order_value(sort.field, place, table, parameters), type="jsonb", descending=sort.descending
        )
    name = f"{table.alias}.{place.name}"
    expression = f"to_jsonb({name})" if place.kind is Kind.OTHER else name
    return Term(expression=expression, type=TYPES[place.kind], descending=sort.descending)
