"""The functions of the aggregate stage; each ignores values that are missing or not of its kind."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from services.taxonomy.candidate_paths import value_of
from services.taxonomy.domain import Candidates, Json
from services.taxonomy.stages.algorithms.json_keys import is_number, numbers, sort_key, text_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregation:
    """One function over a field; `field_b`, `percentile` (0..100) and `top_k` matter to few."""

    function: str
    alias: str
    field: str = ""
    field_b: str = ""
    percentile: float = 50.0
    top_k: int = 10


def _values(each: Aggregation, found: Candidates) -> list[Json]:
    values = (value_of(candidate, each.field) for candidate in found)
    return [value for value in values if value is not None]


def _count(each: Aggregation, found: Candidates) -> Json:
    return len(_values(each, found)) if each.field else len(found)


def _distinct(each: Aggregation, found: Candidates) -> list[Json]:
    return list({text_of(value): value for value in _values(each, found)}.values())


def _extreme(each: Aggregation, found: Candidates, choose: Callable[..., Json]) -> Json:
    return choose(_values(each, found), key=sort_key, default=None)


def _number(compute: Callable[[Sequence[float]], np.floating[Any]], least: int = 1) -> "Function":
    def computed(each: Aggregation, found: Candidates) -> Json:
        values = numbers(found, each.field)
        with np.errstate(all="ignore"):
            return float(compute(values)) if len(values) >= least else None

    return computed


def _percentile(each: Aggregation, found: Candidates) -> Json:
    values = numbers(found, each.field)
    return float(np.percentile(values, each.percentile)) if values else None


def _top(values: Iterable[Json], most: int) -> list[Json]:
    """[{value, count}], most frequent first."""
    listed = [(text_of(value), value) for value in values]
    shown = dict(listed)
    return [{"value": shown[key], "count": count} for key, count in Counter(key for key, _ in listed).most_common(most)]


def _pairs(each: Aggregation, found: Candidates) -> list[tuple[Json, Json]]:
    pairs = ((value_of(candidate, each.field), value_of(candidate, each.field_b)) for candidate in found)
    return [(first, second) for first, second in pairs if first is not None and second is not None]


def _co_occurrence(each: Aggregation, found: Candidates) -> Json:
    return _top(([first, second] for first, second in _pairs(each, found)), each.top_k)


def _correlation(each: Aggregation, found: Candidates) -> Json:
    pairs = [pair for pair in _pairs(each, found) if all(is_number(value) for value in pair)]
    first, second = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    if len(set(first)) < 2 or len(set(second)) < 2:
        return None
    with np.errstate(all="ignore"):
        return float(np.corrcoef(first, second)[0, 1])


Function = Callable[[Aggregation, Candidates], Json]
FUNCTIONS: Mapping[str, Function] = {
    "count": _count,
    "count_distinct": lambda each, found: len(_distinct(each, found)),
    "sum": lambda each, found: sum(numbers(found, each.field)),
    "avg": _number(np.mean),
    "min": lambda each, found: _extreme(each, found, min),
    "max": lambda each, found: _extreme(each, found, max),
    "first": lambda each, found: next(iter(_values(each, found)), None),
    "last": lambda each, found: next(iter(reversed(_values(each, found))), None),
    "collect": _values,
    "collect_distinct": _distinct,
    "percentile": _percentile,
    "stddev": _number(lambda values: np.std(values, ddof=1), 2),
    "variance": _number(lambda values: np.var(values, ddof=1), 2),
    "frequency": lambda each, found: _top(_values(each, found), each.top_k),
    "co_occurrence": _co_occurrence,
    "correlation": _correlation,
}
ALIASES: Mapping[str, str] = {"push": "collect", "add_to_set": "collect_distinct", "mean": "avg", "average": "avg"}
NEEDS_TWO = frozenset({"co_occurrence", "correlation"})
