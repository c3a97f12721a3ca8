"""Filters keep their meaning across the wire, and no input breaks the parser."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.common.filters import Filter, Operator, canonical_json, compile_sql, has_dynamic, parse, parse_json
from tests.support.filters.filter_strategies import FILTERS

GROUPS = ["AND", "OR", "NOT", "must", "should", "must_not", "case_sensitive", "case_insensitive"]
KEYS = st.sampled_from([*GROUPS, "field", "key", "match", "operator", "value", "type", "$in", "$eq", "x"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*Operator, "geo_radius"]),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(KEYS | st.text(), children, max_size=4),
)


@given(FILTERS)
def test_the_canonical_text_parses_back_to_the_same_filter(raw: Any) -> None:
    tree = parse(raw)
    text = canonical_json(tree)
    assert parse_json(text) == tree
    assert canonical_json(parse_json(text)) == text


@given(FILTERS)
def test_the_order_of_keys_does_not_change_the_canonical_text_of_a_leaf(raw: Any) -> None:
    text = canonical_json(parse(raw))
    assert canonical_json(parse(json.loads(text, object_pairs_hook=lambda pairs: dict(reversed(pairs))))) == text


@given(JSON)
def test_any_json_is_a_filter_or_a_clear_error(raw: Any) -> None:
    try:
        tree = parse(raw)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("filters")
        assert error.message.startswith(error.details["path"])
    else:
        assert_usable(tree)


@given(st.text() | st.binary())
def test_any_text_is_a_filter_or_a_clear_error(raw: str | bytes) -> None:
    try:
        assert_usable(parse_json(raw))
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("filters")


def assert_usable(tree: Filter) -> None:
    assert parse_json(canonical_json(tree)) == tree
    if not has_dynamic(tree):
        sql, values = compile_sql(tree)
        assert sql.count("$") >= len(values)
