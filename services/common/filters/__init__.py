"""The filter language: every dialect of the contract becomes one tree, and the tree becomes SQL."""

from services.common.filters.canonical import canonical_json
from services.common.filters.dynamic_values import has_dynamic, substitute
from services.common.filters.parse import parse, parse_json
from services.common.filters.sort import compile_sort
from services.common.filters.sql import compile_sql, query_error
from services.common.filters.tables import DOCUMENTS, OBJECTS, Table
from services.common.filters.tree import (
    EVERYTHING,
    NOTHING,
    And,
    Condition,
    Filter,
    Not,
    Operator,
    Or,
    all_of,
    any_of,
    none_of,
)

__all__ = [
    "DOCUMENTS",
    "EVERYTHING",
    "NOTHING",
    "OBJECTS",
    "And",
    "Condition",
    "Filter",
    "Not",
    "Operator",
    "Or",
    "Table",
    "all_of",
    "any_of",
    "canonical_json",
    "compile_sort",
    "compile_sql",
    "has_dynamic",
    "none_of",
    "parse",
    "parse_json",
    "query_error",
    "substitute",
]
