"""The tree that every filter dialect is parsed into.

A filter is true or false, never unknown: `ne x`, `nin` and NOT hold for a document that lacks the field.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

Scalar = str | int | float | bool | None
Value = Scalar | tuple[Scalar, ...]


class Operator(StrEnum):
    """What a condition asks of a field; a list field matches when any of its elements does.

    `is_label` holds where the value says something: see `services.common.labels.label_values`.

    `contains` on a text is substring, on a list membership. `text` wants every word, `words` any word and
    `phrase` the words in a row; these three never mind case.
    """

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    LT = "lt"
    GTE = "gte"
    LTE = "lte"
    IN = "in"
    NIN = "nin"
    CONTAINS = "contains"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    REGEX = "regex"
    EXISTS = "exists"
    IS_NULL = "is_null"
    IS_LABEL = "is_label"
    TEXT = "text"
    PHRASE = "phrase"
    WORDS = "words"


EQUALITY = frozenset({Operator.EQ, Operator.NE, Operator.IN, Operator.NIN})
ORDER = frozenset({Operator.GT, Operator.LT, Operator.GTE, Operator.LTE})
PATTERN = frozenset({Operator.CONTAINS, Operator.STARTS_WITH, Operator.ENDS_WITH, Operator.REGEX})
FULL_TEXT = frozenset({Operator.TEXT, Operator.PHRASE, Operator.WORDS})
PRESENCE = frozenset({Operator.EXISTS, Operator.IS_NULL, Operator.IS_LABEL})


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field; `ignore_case` matters to equality and pattern operators only."""

    field: str
    operator: Operator
    value: Value
    ignore_case: bool = False


@dataclass(frozen=True, slots=True)
class And:
    """Every child holds; without children it is always true."""

    children: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One child holds at least; without children it is never true. Made by `any_of`, so it never has just one."""

    children: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The child does not hold."""

    child: "Filter"


Filter = And | Or | Not | Condition
EVERYTHING = And(())
NOTHING = Or(())


def all_of(children: Iterable[Filter]) -> Filter:
    """The children joined by AND, nested ANDs opened up; a single child stands for itself."""
    flat = tuple(part for child in children for part in (child.children if isinstance(child, And) else (child,)))
    return flat[0] if len(flat) == 1 else And(flat)


def any_of(children: Iterable[Filter]) -> Filter:
    """The children joined by OR, nested ORs opened up; no children means nothing."""
    flat = tuple(part for child in children for part in (child.children if isinstance(child, Or) else (child,)))
    return flat[0] if len(flat) == 1 else Or(flat)


def none_of(children: Iterable[Filter]) -> Filter:
    """None of the children holds; no children means everything."""
    children = tuple(children)
    return Not(any_of(children)) if children else EVERYTHING
