"""One parser for every filter dialect: native, must/should/must_not, simple and map, freely mixed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.common.filters.canonical import depth, size
from services.common.filters.leaf import LEAF_MARKS, Case, leaf, map_conditions
from services.common.filters.tree import EVERYTHING, Filter, all_of, any_of, none_of
from services.common.filters.values import invalid

MAX_DEPTH = 32
MAX_NODES = 1000

_GROUPS = {
    "AND": all_of,
    "must": all_of,
    "OR": any_of,
    "should": any_of,
    "NOT": none_of,
    "must_not": none_of,
}
_OPTIONS = frozenset({"case_sensitive", "case_insensitive"})


@dataclass(frozen=True, slots=True)
class _Scope:
    path: str
    case: Case
    level: int = 1

    def at(self, part: str | int) -> "_Scope":
        return replace(self, path=f"{self.path}.{part}", level=self.level + 1)


def parse_json(text: str | bytes, path: str = "filters", *, inputs: bool = True) -> Filter:
    """The filter in a JSON text, such as the query parameter of a GET; empty means everything."""
    if not text.strip():
        return EVERYTHING
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise invalid(f"is not JSON: {error}.", path) from error
    return parse(raw, path, inputs=inputs)


def parse(raw: Any, path: str = "filters", *, case_insensitive: bool = False, inputs: bool = True) -> Filter:
    """The filter in any dialect; null or an empty group means everything. Only retrievers have `inputs`.

    InvalidArgumentError names the fault's place under `path`, such as `filters.must.0.match.operator`.
    """
    tree = _node(raw, _Scope(path, Case(insensitive=case_insensitive, inputs=inputs)))
    if depth(tree) > MAX_DEPTH:
        raise invalid(f"is nested deeper than {MAX_DEPTH} levels.", path)
    if size(tree) > MAX_NODES:
        raise invalid(f"has more than {MAX_NODES} conditions and groups.", path)
    return tree


def _node(raw: Any, scope: _Scope) -> Filter:
    if scope.level > 2 * MAX_DEPTH:
        raise invalid(f"is nested deeper than {MAX_DEPTH} levels.", scope.path)
    if raw is None:
        return EVERYTHING
    if isinstance(raw, list):
        return all_of(_children(raw, scope))
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise invalid('must be an object such as {"field": "x", "operator": "eq", "value": 1}.', scope.path)
    scope = replace(scope, case=scope.case.under(raw, scope.path))
    if LEAF_MARKS.intersection(raw):
        return leaf(raw, scope.path, scope.case)
    if raw.keys() >= {"operator", "value"}:
        raise invalid("is missing: a condition with an operator needs a field.", f"{scope.path}.field")
    return all_of(_parts(raw, scope))


def _parts(raw: Mapping[str, Any], scope: _Scope) -> Iterator[Filter]:
    for key, value in raw.items():
        if key in _GROUPS:
            yield _GROUPS[key](_children(value, scope.at(key)))
        elif key not in _OPTIONS:
            yield all_of(map_conditions(key, value, f"{scope.path}.{key}", scope.case))


def _children(raw: Any, scope: _Scope) -> list[Filter]:
    if raw is None:
        return []
    if isinstance(raw, list):
        return [_node(child, scope.at(position)) for position, child in enumerate(raw)]
    return [_node(raw, scope)]
