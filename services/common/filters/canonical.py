"""The one text of a filter, in the native dialect: the key of an index view, and what crosses the wire."""

import json
from typing import Any, assert_never

from services.common.filters.tree import PATTERN, And, Condition, Filter, Not, Or


def canonical_json(tree: Filter) -> str:
    """Native-dialect JSON; equal trees give equal text, and parsing it gives the tree back."""
    return json.dumps(to_native(tree), ensure_ascii=False, separators=(",", ":"), sort_keys=True, allow_nan=False)


def to_native(tree: Filter) -> dict[str, Any]:
    """The filter as the native dialect writes it."""
    match tree:
        case And(children):
            return {"AND": [to_native(child) for child in children]}
        case Or(children):
            return {"OR": [to_native(child) for child in children]}
        case Not(child):
            return {"NOT": [to_native(child)]}
        case Condition():
            return _leaf(tree)
        case _:
            assert_never(tree)


def _leaf(condition: Condition) -> dict[str, Any]:
    leaf: dict[str, Any] = {"field": condition.field, "operator": condition.operator.value, "value": condition.value}
    usual = condition.operator in PATTERN
    if condition.ignore_case != usual:
        leaf["case_insensitive" if condition.ignore_case else "case_sensitive"] = True
    return leaf


def depth(tree: Filter) -> int:
    """Levels of nesting; a lone condition has one."""
    return 1 + max((depth(child) for child in _children(tree)), default=0)


def size(tree: Filter) -> int:
    """How many groups and conditions the filter has."""
    return 1 + sum(size(child) for child in _children(tree))


def _children(tree: Filter) -> tuple[Filter, ...]:
    match tree:
        case And(children) | Or(children):
            return children
        case Not(child):
            return (child,)
        case Condition():
            return ()
        case _:
            assert_never(tree)
