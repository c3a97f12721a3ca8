"""Equality on the user's own fields, said once more in a way that an index can answer."""

import json
from collections.abc import Iterator, Sequence

from services.common.filters.json_sql import spellings
from services.common.filters.tables import JsonPath
from services.common.filters.tree import Condition, Operator, Scalar

FINDABLE = frozenset({Operator.EQ, Operator.IN, Operator.CONTAINS})
MAX_VALUES = 50
MAX_CONTAINERS = 2000


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
    values = spellings(wanted)
    if sum(_spellings(place) for place in places) * 2 * len(values) > MAX_CONTAINERS:
        return None
    forms = [form for value in values for form in (value, [value])]
    return [
        json.dumps(each, ensure_ascii=False) for place in places for form in forms for each in _holding(place, form)
    ]


def _may_index_a_list(place: JsonPath) -> bool:
    return any(part.lstrip("+-").isdigit() for part in place.path)


def _spellings(place: JsonPath) -> int:
    """How many ways there are to spell a path: at each dot a key goes on, or an object begins, alone or in a list."""
    return int(3 ** (len(place.path) - 1)) if place.deep else 1


def _holding(place: JsonPath, value: object) -> Iterator[object]:
    if place.deep:
        yield from _spelled(place.path, value)
        return
    for part in reversed(place.path):
        value = {part: value}
    yield value


def _spelled(path: tuple[str, ...], value: object) -> Iterator[dict[str, object]]:
    yield {".".join(path): value}
    for length in range(1, len(path)):
        key = ".".join(path[:length])
        for inside in _spelled(path[length:], value):
            yield {key: inside}
            yield {key: [inside]}
