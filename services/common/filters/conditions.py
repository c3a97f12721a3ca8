"""The conditions of each dialect: {field, operator, value}, {key, match} and {"name": "x"}."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from services.common.filters.tree import EQUALITY, PATTERN, PRESENCE, Condition, Operator
from services.common.filters.value_checks import MAX_FIELD, checked_text, checked_value, invalid

LEAF_MARKS = frozenset({"field", "key"})
LEAF_KEYS = LEAF_MARKS | {"match", "operator", "value", "case_sensitive", "case_insensitive"}
MATCH_KEYS = LEAF_KEYS - LEAF_MARKS - {"match"}

_MISSING = object()
_GEO = frozenset({"geo_radius", "geo_bounding_box", "geo_polygon"})
_INPUT_PATH = re.compile(r"[A-Za-z_]\w*(?:\.\w+|\[\d+\])*")


@dataclass(frozen=True, slots=True)
class CaseRule:
    """What the enclosing groups say of upper and lower case, and whether values may be inputs of a retriever.

    `case_sensitive: false` says nothing: the SDK adds it everywhere. Pattern operators ignore case by default,
    equality never does unless told.
    """

    sensitive: bool = False
    insensitive: bool = False
    inputs: bool = True

    def under(self, raw: Mapping[str, Any], path: str) -> "CaseRule":
        """The case rule inside `raw`."""
        return CaseRule(
            self.sensitive or _flag(raw, "case_sensitive", path),
            self.insensitive or _flag(raw, "case_insensitive", path),
            self.inputs,
        )

    def ignored(self, operator: Operator) -> bool:
        """Whether `operator` ignores case under this rule."""
        if operator in PATTERN:
            return not self.sensitive
        return operator in EQUALITY and self.insensitive and not self.sensitive


def _flag(raw: Mapping[str, Any], name: str, path: str) -> bool:
    value = raw.get(name)
    if value is not None and not isinstance(value, bool):
        raise invalid("must be true or false.", f"{path}.{name}")
    return value is True


def parse_condition(raw: Mapping[str, Any], path: str, case: CaseRule) -> Condition:
    """A {field, operator, value} or {key, match} node."""
    mark = "field" if "field" in raw else "key"
    field = _field(raw[mark], f"{path}.{mark}")
    if "match" not in raw:
        return _spelled_out(field, raw, path, case)
    match = raw["match"]
    if isinstance(match, Mapping) and not _is_input(match):
        _require_known(match, f"{path}.match")
        return _spelled_out(field, match, f"{path}.match", case.under(match, f"{path}.match"))
    return _bare(field, match, f"{path}.match", case)


def _require_known(match: Mapping[str, Any], path: str) -> None:
    for key, value in match.items():
        if key not in MATCH_KEYS and value is not None:
            message = f"'{key}' is no part of a match; it may have {', '.join(sorted(MATCH_KEYS))}."
            raise invalid(message, f"{path}.{key}")


def map_conditions(key: str, raw: Any, path: str, case: CaseRule) -> Iterator[Condition]:
    """The conditions of a map entry: `{"name": "x"}`, `{"name": ["x", "y"]}` or `{"name": {"$in": [..]}}`."""
    field = _field(key, path)
    if not isinstance(raw, Mapping) or _is_input(raw):
        yield _bare(field, raw, path, case)
        return
    if not raw:
        raise invalid("is empty; give a value, or an operator such as '$in'.", path)
    for name, value in raw.items():
        place = f"{path}.{name}"
        if not str(name).startswith("$"):
            raise invalid(f"'{name}' is neither a group nor an operator such as '$in'.", place)
        yield _condition(field, _operator(str(name)[1:], place), value, place, case)


def _spelled_out(field: str, raw: Mapping[str, Any], path: str, case: CaseRule) -> Condition:
    operator = _operator(raw.get("operator"), f"{path}.operator")
    return _condition(field, operator, raw.get("value", _MISSING), f"{path}.value", case)


def _bare(field: str, raw: Any, path: str, case: CaseRule) -> Condition:
    return _condition(field, Operator.IN if isinstance(raw, list) else Operator.EQ, raw, path, case)


def _condition(field: str, operator: Operator, raw: Any, path: str, case: CaseRule) -> Condition:
    if operator in PRESENCE and (raw is _MISSING or raw is None):
        raw = True
    if raw is _MISSING:
        raise invalid("is missing.", path)
    value = checked_value(operator, _template(raw, path, case), path, templates=case.inputs)
    return Condition(field, operator, value, case.ignored(operator))


def _operator(name: Any, path: str) -> Operator:
    if name is None:
        return Operator.EQ
    if isinstance(name, str) and name in _GEO:
        raise invalid(f"'{name}' is not supported.", path)
    try:
        return Operator(name)
    except ValueError as error:
        shown = repr(name)[:40]
        raise invalid(f"{shown} is not an operator; use one of {', '.join(Operator)}.", path) from error


def _field(raw: Any, path: str) -> str:
    if not isinstance(raw, str) or not raw:
        raise invalid("must be the name of a field.", path)
    return checked_text(raw, path, MAX_FIELD)


def _is_input(raw: Any) -> bool:
    return isinstance(raw, Mapping) and raw.get("type") == "dynamic"


def _template(raw: Any, path: str, case: CaseRule) -> Any:
    """The template for a `{"type": "dynamic", "field": "inputs.x"}`; anything else as it is."""
    if isinstance(raw, list):
        return [_template(item, path, case) for item in raw]
    if not _is_input(raw):
        return raw
    if not case.inputs:
        raise invalid("is an input, which only the filters of a retriever can have; give a value.", path)
    field = raw.get("field")
    if not isinstance(field, str) or not _INPUT_PATH.fullmatch(field):
        raise invalid("must name an input such as 'inputs.x'.", f"{path}.field")
    return "{{" + field + "}}"
