"""JSON values as keys: to sort by, to group by, to count."""

import json
import math
from collections.abc import Iterable, Sequence

from services.taxonomy.candidate_paths import value_of
from services.taxonomy.domain import Candidate, Candidates, Json

Key = tuple[int, str | float]


def sort_key(value: Json) -> Key:
    """Sorts as the database does: texts, then numbers, then truth values, then the rest."""
    match value:
        case bool():
            return 3, float(value)
        case int() | float():
            return 2, value
        case str():
            return 1, value
        case _:
            return 4, text_of(value)


def text_of(value: Json) -> str:
    """One text for equal values: the key of a group."""
    return json.dumps(value, sort_keys=True, default=str)


def group_key(candidate: Candidate, fields: Sequence[str]) -> str:
    """Equal for candidates whose fields are equal."""
    return text_of([value_of(candidate, field) for field in fields])


def numbers(candidates: Candidates, field: str) -> list[float]:
    """The finite numbers of a field; candidates without one are passed over."""
    return list(finite(value_of(candidate, field) for candidate in candidates))


def finite(values: Iterable[Json]) -> Iterable[float]:
    """Those of the values that are finite numbers."""
    return (float(value) for value in values if is_number(value))


def is_number(value: Json) -> bool:
    """Whether the value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
