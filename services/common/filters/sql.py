"""A filter as a parameterised SQL boolean. Nothing of the request is ever part of the SQL text."""

from collections.abc import Iterable
from typing import assert_never

from services.common.errors import InvalidArgumentError
from services.common.filters.containment import containers
from services.common.filters.declared_time_sql import sortable, with_instants
from services.common.filters.json_sql import json_condition
from services.common.filters.parameters import Parameters
from services.common.filters.tables import DOCUMENTS, Column, JsonPath, Kind, Table
from services.common.filters.timestamp_sql import time_condition
from services.common.filters.tree import EQUALITY, PRESENCE, And, Condition, Filter, Not, Operator, Or, Value
from services.common.filters.value_checks import checked_value

_BAD_REGEX = "2201B"


def compile_sql(tree: Filter, *, start: int = 1, table: Table = DOCUMENTS) -> tuple[str, list[object]]:
    """SQL that is TRUE or FALSE, never NULL, for a row of `table`, and its parameters from `$start` on.

    Templates must have been substituted. Run it under a statement_timeout, and give what the database
    raises to `query_error`.
    """
    parameters = Parameters(start)
    return _compile(tree, table, parameters), parameters.values


def query_error(error: Exception) -> InvalidArgumentError | None:
    """The user's fault behind a failed query: a regular expression that only the database could refuse."""
    if getattr(error, "sqlstate", None) != _BAD_REGEX:
        return None
    return InvalidArgumentError(f"filters: {error}.", reason="INVALID_FILTER", path="filters")


def _compile(tree: Filter, table: Table, parameters: Parameters) -> str:
    match tree:
        case And(children):
            return _join(" AND ", "TRUE", (_compile(child, table, parameters) for child in children))
        case Or(children):
            return _join(" OR ", "FALSE", (_compile(child, table, parameters) for child in children))
        case Not(child):
            return f"NOT {_compile(child, table, parameters)}"
        case Condition():
            return _condition(tree, table, parameters)
        case _:
            assert_never(tree)


def _join(word: str, empty: str, parts: Iterable[str]) -> str:
    return f"({word.join(parts) or empty})"


def _condition(condition: Condition, table: Table, parameters: Parameters) -> str:
    value = checked_value(condition.operator, condition.value, condition.field, templates=False)
    place = table.resolve(condition.field)
    if not isinstance(place, Column):
        return _json_condition(condition, place, table, parameters)
    name = f"{table.alias}.{place.name}"
    if condition.operator is Operator.IS_LABEL:
        return json_condition(condition, f"to_jsonb({name})", parameters)
    if condition.operator in PRESENCE:
        return f"({name} IS {'NOT ' if (condition.operator is Operator.EXISTS) == value else ''}NULL)"
    if place.kind is Kind.TIME:
        return time_condition(condition, name, parameters)
    if place.kind is Kind.TEXT and condition.operator in EQUALITY and not condition.ignore_case:
        return _text_equality(condition.operator, value, name, parameters)
    return json_condition(condition, f"to_jsonb({name})", parameters)


def _json_condition(condition: Condition, places: tuple[JsonPath, ...], table: Table, parameters: Parameters) -> str:
    value = json_value(places, table, parameters)
    usual = json_condition(condition, value, parameters)
    found = None if table.indexed is None else containers(condition, places, table.indexed)
    if found:
        usual = f"({table.alias}.{table.indexed} @> ANY({parameters.bind(found)}::text[]::jsonb[]) AND {usual})"
    return with_instants(usual, condition, value, table, parameters)


def _text_equality(operator: Operator, value: Value, name: str, parameters: Parameters) -> str:
    wanted = value if isinstance(value, tuple) else (value,)
    texts = [item for item in wanted if isinstance(item, str)]
    found = f"({name} IS NOT NULL AND {name} = ANY({parameters.bind(texts)}::text[]))"
    if None in wanted:
        found = f"({name} IS NULL OR {found})"
    return f"NOT {found}" if operator in (Operator.NE, Operator.NIN) else found


def json_value(places: tuple[JsonPath, ...], table: Table, parameters: Parameters) -> str:
    """SQL of the first value in `places` that is not null, as jsonb; SQL NULL when there is none."""
    found = [_at(place, table, parameters) for place in places]
    return found[0] if len(found) == 1 else f"coalesce({', '.join(found)})"


def order_value(field: str, places: tuple[JsonPath, ...], table: Table, parameters: Parameters) -> str:
    """SQL of a value to sort by: that of `json_value`, and of a field that is declared as a time the instant."""
    value = json_value(places, table, parameters)
    return sortable(value, field, table, parameters) if places[0].column == table.fields else value


def _at(place: JsonPath, table: Table, parameters: Parameters) -> str:
    column, path = f"{table.alias}.{place.column}", f"{parameters.bind(list(place.path))}::text[]"
    return f"value_at({column}, {path})" if place.deep else f"nullif({column} #> {path}, 'null'::jsonb)"
