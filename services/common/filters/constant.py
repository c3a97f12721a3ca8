"""Filters that hold for everything or for nothing, whatever the fields are."""

from typing import assert_never

from services.common.filters.tree import And, Condition, Filter, Not, Operator, Or


def always(tree: Filter) -> bool:
    """Whether the filter holds whatever is looked at, such as NOT of an empty OR."""
    match tree:
        case And(children):
            return all(always(child) for child in children)
        case Or(children):
            return any(always(child) for child in children)
        case Not(child):
            return never(child)
        case Condition(operator=operator, value=value):
            return operator is Operator.NIN and value == ()
        case _:
            assert_never(tree)


def never(tree: Filter) -> bool:
    """Whether the filter holds for nothing at all, such as an empty OR."""
    match tree:
        case And(children):
            return any(never(child) for child in children)
        case Or(children):
            return all(never(child) for child in children)
        case Not(child):
            return always(child)
        case Condition(operator=operator, value=value):
            return operator is Operator.IN and value == ()
        case _:
            assert_never(tree)
