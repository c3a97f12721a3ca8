"""Equality on the user's own fields, said once more in a way that an index can answer."""

import json
from collections.abc import Sequence

from services.common.filters.spellings import spellings
from services.common.filters.tables import JsonPath
from services.common.filters.tree import Condition, Operator, Scalar

FINDABLE = frozenset({Operator.EQ, Operator.IN, Operator.CONTAINS})
MAX_VALUES = 50


def containers(condition: Condition, places: Sequence[JsonPath], column: str) -> list[str] | None:
    """JSON texts of which the column contains at least one wherever the condition holds; None where nobody can say.

    A value may stand alone or in a list, and in each of the places where the field is looked for.
    """
    given = condition.value
    wanted: tuple[Scalar, ...] = given if isinstance(given, tuple) else (given,)
    if condition.operator not in FINDABLE or condition.ignore_case or None in wanted or len(wanted) > MAX_VALUES:
        return None
    if condition.operator is Operator.CONTAINS and isinstance(given, str):
        return None
    if any(place.column != column or _may_index_a_list(place) for place in places):
        return None
    return [_nested(place.path, form) for place in places for value in spellings(wanted) for form in (value, [value])]


def _may_index_a_list(place: JsonPath) -> bool:
    return any(part.lstrip("+-").isdigit() for part in place.path)


def _nested(path: tuple[str, ...], value: object) -> str:
    for part in reversed(path):
        value = {part: value}
    return json.dumps(value, ensure_ascii=False)
