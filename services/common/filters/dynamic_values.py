"""Filters whose values come from the inputs of a retriever."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, assert_never

from services.common.filters.tree import And, Condition, Filter, Not, Or, Value
from services.common.filters.value_checks import checked_value, is_dynamic


def has_dynamic(tree: Filter) -> bool:
    """Whether a value anywhere is a template such as `{{INPUT.label}}`."""
    match tree:
        case And(children) | Or(children):
            return any(has_dynamic(child) for child in children)
        case Not(child):
            return has_dynamic(child)
        case Condition():
            return is_dynamic(tree.value)
        case _:
            assert_never(tree)


def substitute(tree: Filter, render: Callable[[str], Any]) -> Filter:
    """The filter with each template replaced by the JSON value that `render` gives; a wrong type is an error."""
    match tree:
        case And(children):
            return And(tuple(substitute(child, render) for child in children))
        case Or(children):
            return Or(tuple(substitute(child, render) for child in children))
        case Not(child):
            return Not(substitute(child, render))
        case Condition():
            return _substitute_value(tree, render) if is_dynamic(tree.value) else tree
        case _:
            assert_never(tree)


def _substitute_value(condition: Condition, render: Callable[[str], Any]) -> Condition:
    rendered = _render(condition.value, render)
    return replace(condition, value=checked_value(condition.operator, rendered, condition.field, templates=False))


def _render(value: Value, render: Callable[[str], Any]) -> Any:
    if isinstance(value, tuple):
        return [_render(item, render) for item in value]
    return render(value) if isinstance(value, str) and is_dynamic(value) else value
