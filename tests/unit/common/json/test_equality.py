"""What says the same is told apart from what does not, as the database would."""

from typing import Any

import pytest

from services.common.json.equality import differing, same_value
from services.common.labels.human_labels import LabelledDocument
from services.common.labels.inherited_edits import changed_names, said_by_person

FIRST, LATER = "2026-01-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"a": 1, "b": [1, {"c": None}]}, {"b": [1.0, {"c": None}], "a": 1}, True),
        ([1, 2], [2, 1], False),
        (1, True, False),
        (0, False, False),
        ({"a": True}, {"a": 1}, False),
        (None, "", False),
        ({"a": None}, {}, False),
        ("Boots", "boots", False),
        ([1], (1,), True),
    ],
)
def test_values_compare_as_json_does(one: Any, other: Any, *, same: bool) -> None:
    assert same_value(one, other) is same
    assert same_value(other, one) is same


def test_to_say_null_is_not_to_say_nothing() -> None:
    assert differing({"a": 1}, {"a": 1, "b": None}) == ["b"]
    assert differing({"a": 1, "c": 2}, {"a": 1}, ["a"]) == []


def test_a_label_that_a_person_repeats_stays_as_it_was_said_first() -> None:
    machine = LabelledDocument(
        fields={"kind": "Boots"},
        labels={"kind": {"source": "auto", "value": "Boots"}},
        taxonomy_match={"matched": True},
    )
    first = said_by_person(machine, {"kind": "Boots"}, ["kind"], FIRST)
    assert changed_names(machine, first) == ["kind"]
    again = said_by_person(first, {"kind": "Boots"}, ["kind"], LATER)
    assert (again, changed_names(first, again)) == (first, [])
    other = said_by_person(first, {"kind": "Shoes"}, ["kind"], LATER)
    assert other.labels["kind"]["set_at"] == LATER
