"""ORDER BY for any field that a filter can name."""

from enum import StrEnum

from services.common.filters.parameters import Parameters
from services.common.filters.sql import order_value
from services.common.filters.tables import DOCUMENTS, Column, Table
from services.common.filters.value_checks import MAX_FIELD, checked_text, invalid


class Direction(StrEnum):
    """Which way a list is sorted; missing values and nulls come last either way."""

    ASC = "asc"
    DESC = "desc"


def compile_sort(
    field: str, direction: str, *, start: int = 1, table: Table = DOCUMENTS, path: str = "sort"
) -> tuple[str, list[object]]:
    """One ORDER BY term and its parameters from `$start` on; texts sort before numbers, numbers by value."""
    if direction not in tuple(Direction):
        raise invalid("must be 'asc' or 'desc'.", f"{path}.direction")
    if not field:
        raise invalid("must be the name of a field.", f"{path}.field")
    place = table.resolve(checked_text(field, f"{path}.field", MAX_FIELD))
    parameters = Parameters(start)
    name = f"{table.alias}.{place.name}" if isinstance(place, Column) else order_value(field, place, table, parameters)
    return f"{name} {direction.upper()} NULLS LAST", parameters.values
