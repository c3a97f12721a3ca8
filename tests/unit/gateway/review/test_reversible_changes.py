"""What a decision changed, and what is left of it when it is taken back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from services.gateway.review.reversible_changes import differences, stands, undone

values = st.sampled_from([None, 0, 1, "x", "y"])
dictionaries = st.dictionaries(st.sampled_from("abc"), values, max_size=3)
documents = st.fixed_dictionaries(
    {"fields": dictionaries, "labels": dictionaries, "taxonomy_match": st.none() | dictionaries, "mark": st.none()}
)


@given(before=documents, after=documents)
def test_undoing_gives_back_what_was(before: dict[str, Any], after: dict[str, Any]) -> None:
    was, now = differences(before, after)
    assert undone(after, was, now) == before


@given(before=documents, after=documents)
def test_what_a_decision_left_stands_until_somebody_changes_it(before: dict[str, Any], after: dict[str, Any]) -> None:
    _, now = differences(before, after)
    assert stands(after, now)


def test_other_changes_since_stay() -> None:
    before = {"fields": {"kind": None}, "labels": {}, "taxonomy_match": None, "mark": None}
    after = {"fields": {"kind": "shoe"}, "labels": {"kind": {"source": "human"}}, "taxonomy_match": None, "mark": None}
    was, now = differences(before, after)
    since = {**after, "fields": {"kind": "shoe", "price": 5}}
    assert undone(since, was, now)["fields"] == {"kind": None, "price": 5}


def test_another_label_since_is_seen() -> None:
    before: dict[str, Any] = {"fields": {}, "labels": {}, "taxonomy_match": None, "mark": None}
    _, now = differences(before, {**before, "labels": {"kind": {"value": "shoe"}}})
    assert not stands({**before, "labels": {"kind": {"value": "hat"}}}, now)
