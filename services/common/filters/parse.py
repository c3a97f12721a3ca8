"""One parser for every filter dialect: native, must/should/must_not, simple and map, freely mixed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from services.common.filters.canonical import depth, size
from services.common.filters.conditions import LEAF_KEYS, LEAF_MARKS, CaseRule, map_conditions, parse_condition
from services.common.filters.constant import always
from services.common.filters.tree import EVERYTHING, Filter, all_of, any_of, none_of
from services.common.filters.value_checks import invalid
from services.common.validation.json_text import read_json

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
_OR = frozenset({"OR", "should"})
_LOWER = {name.lower(): name for name in _GROUPS}


@dataclass(frozen=True, slots=True)
class _Scope:
    path: str
    case: CaseRule
    level: int = 1
    selects: bool = False

    def at(self, part: str | int) -> "_Scope":
        return replace(self, path=f"{self.path}.{part}", level=self.level + 1)


def parse_json(text: str | bytes, path: str = "filters", *, inputs: bool = True) -> Filter:
    """The filter in a JSON text, such as the query parameter of a GET; empty means everything."""
    if not text.strip():
        return EVERYTHING
    try:
        raw = read_json(text, path)
    except orjson.JSONDecodeError as error:
        raise invalid(f"is not JSON: {error}.", path) from error
    return parse(raw, path, inputs=inputs)


def parse(
    raw: Any, path: str = "filters", *, case_insensitive: bool = False, inputs: bool = True, selects: bool = False
) -> Filter:
    """The filter in any dialect; null, an empty AND or an empty NOT means everything, an empty OR nothing.

    Only retrievers have `inputs`. InvalidArgumentError names the fault's place under `path`, such as
    `filters.must.0.match.operator`; with `selects`, where the filter chooses what is written to, also what is empty.
    """
    tree = _node(raw, _Scope(path, CaseRule(insensitive=case_insensitive, inputs=inputs), selects=selects))
    if selects and always(tree):
        raise invalid("holds for everything whatever its fields are; say which ones are meant.", path)
    if depth(tree) > MAX_DEPTH:
        raise invalid(f"is nested deeper than {MAX_DEPTH} levels.", path)
    if size(tree) > MAX_NODES:
        raise invalid(f"has more than {MAX_NODES} conditions and groups.", path)
    return tree


def _node(raw: Any, scope: _Scope) -> Filter:
    if scope.level > 2 * MAX_DEPTH:
        raise invalid(f"is nested deeper than {MAX_DEPTH} levels.", scope.path)
    if raw is None:
        return _everything(scope)
    if isinstance(raw, list):
        return all_of(_children(raw, scope)) if raw else _everything(scope)
    if not isinstance(raw, Mapping) or not all(isinstance(key, str) for key in raw):
        raise invalid('must be an object such as {"field": "x", "operator": "eq", "value": 1}.', scope.path)
    scope = replace(scope, case=scope.case.under(raw, scope.path))
    if LEAF_MARKS.intersection(raw):
        _require_alone(raw, scope.path)
        return parse_condition(raw, scope.path, scope.case)
    if raw.keys() >= {"operator", "value"}:
        raise invalid("is missing: a condition with an operator needs a field.", f"{scope.path}.field")
    parts = list(_parts(raw, scope))
    return all_of(parts) if parts else _everything(scope)


def _everything(scope: _Scope) -> Filter:
    if scope.selects:
        raise invalid("is empty, which is not taken for 'all'; give at least one condition.", scope.path)
    return EVERYTHING


def _require_alone(raw: Mapping[str, Any], path: str) -> None:
    """A condition holds nothing that would be left unread; the client adds empty groups to it."""
    for key, value in raw.items():
        if key in _GROUPS and value:
            raise invalid("stands beside a condition, which would not be read; put both into an AND.", f"{path}.{key}")
        if key not in _GROUPS and key not in LEAF_KEYS and value is not None:
            message = f"'{key}' is no part of a condition; it may have {', '.join(sorted(LEAF_KEYS))}."
            raise invalid(message, f"{path}.{key}")


def _parts(raw: Mapping[str, Any], scope: _Scope) -> Iterator[Filter]:
    for key, value in raw.items():
        if key in _GROUPS:
            if value is not None:
                yield _group(key, value, scope.at(key))
        elif key not in _OPTIONS:
            _require_field(key, value, f"{scope.path}.{key}")
            yield all_of(map_conditions(key, value, f"{scope.path}.{key}", scope.case))


def _group(key: str, raw: Any, scope: _Scope) -> Filter:
    children = _children(raw, scope)
    return _GROUPS[key](children) if children or key in _OR else _everything(scope)


def _require_field(key: str, value: Any, path: str) -> None:
    """The name of a group is not that of a field because it is written otherwise."""
    if value is not None and not isinstance(value, list | Mapping):
        return
    group = _LOWER.get(key.lstrip("$").lower())
    if group is not None:
        raise invalid(f"'{key}' is no group; write '{group}'.", path)


def _children(raw: Any, scope: _Scope) -> list[Filter]:
    if isinstance(raw, list):
        return [_node(child, scope.at(position)) for position, child in enumerate(raw)]
    # An object may stand for a list of one; one that holds nothing stands for an empty list.
    return [_node(raw, scope)] if raw != {} else []
