"""Whatever is sent as a document: its check ends with an answer, and what it calls valid has the promised types."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.gateway.documents.diagnostics.schema import check_fields

KINDS = ("string", "number", "integer", "boolean", "object", "array", "date", "datetime", "image")
NAMES = st.sampled_from(["a", "b", "metadata", "_internal", "a.b", "", "x" * 600])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=10,
)
RULES: st.SearchStrategy[dict[str, Any]] = st.recursive(
    st.fixed_dictionaries({"type": st.sampled_from(KINDS)}, optional={"required": st.booleans()}),
    lambda inner: st.fixed_dictionaries(
        {"type": st.sampled_from(["object", "array"])},
        optional={"items": inner, "properties": st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)},
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(body=st.dictionaries(NAMES, VALUES, max_size=4), rules=st.dictionaries(st.sampled_from(["a", "b"]), RULES))
def test_every_document_is_answered_for(body: dict[str, Any], rules: dict[str, Any]) -> None:
    checked = check_fields("col_1", body, rules)
    assert checked.valid is not bool(checked.violations)
    assert not checked.valid or not set(checked.unknown_fields) & set(rules)


@settings(max_examples=200, deadline=None)
@given(value=VALUES)
def test_a_number_is_a_number(value: Any) -> None:
    checked = check_fields("col_1", {"a": value}, {"a": {"type": "number"}})
    sound = value is None or (isinstance(value, int | float) and not isinstance(value, bool))
    assert checked.valid is sound
