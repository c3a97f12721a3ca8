"""What a person's label does to a document, and what it leaves alone."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.extractors.passthrough import lookup, pass_through, rules_of
from services.common.labels.human_labels import LabelledDocument, apply_human_fields

AUTO = {"source": "auto", "value": "Boots", "score": 0.8}
NOW = "2026-01-02T03:04:05+00:00"


def document(**labels: Any) -> LabelledDocument:
    return LabelledDocument(fields={"label": "Boots", "other": 1}, labels=labels, taxonomy_match={"confidence": 0.8})


def test_a_label_becomes_a_persons_and_the_machines_becomes_a_proposal() -> None:
    after = apply_human_fields(document(label=AUTO), {"label": "Shoes"}, "label", NOW)
    assert after.fields == {"label": "Shoes", "other": 1}
    judged = {"value": "Boots", "score": 0.8}
    entry = {"source": "human", "set_at": NOW, "value": "Shoes", "proposal": AUTO, "judged": judged}
    assert after.labels == {"label": entry}
    assert after.taxonomy_match == {"matched": False, "source": "manual", "confidence": 0.8}


def test_a_second_label_keeps_the_first_proposal() -> None:
    once = apply_human_fields(document(label=AUTO), {"label": "Shoes"}, "label", NOW)
    twice = apply_human_fields(once, {"label": "Hats"}, "label", NOW)
    assert twice.labels["label"]["proposal"] == AUTO
    assert twice.labels["label"]["value"] == "Hats"


@pytest.mark.parametrize("before", [{}, {"label": {"source": "import", "value": "x"}}])
def test_without_a_machines_answer_there_is_no_proposal(before: dict[str, Any]) -> None:
    after = apply_human_fields(document(**before), {"label": "Shoes"}, "label", NOW)
    assert "proposal" not in after.labels["label"]


def test_where_corrections_left_no_label_the_machine_is_judged_by_what_it_said() -> None:
    before = replace(document(), fields={"label": None}, withdrawn={"label": {"value": "Boots", "taxonomy_id": "tax"}})
    after = apply_human_fields(before, {"label": "Shoes"}, "label", NOW)
    assert after.labels["label"]["judged"] == {"value": "Boots", "taxonomy_id": "tax"}
    assert "proposal" not in after.labels["label"]


@pytest.mark.parametrize(
    ("before", "value", "unasked"),
    [
        ({"label": {"source": "import", "value": "Boots"}}, None, ("label",)),
        ({"label": {"source": "human", "value": "Boots"}}, None, ("label",)),
        ({}, None, ("label",)),
        ({"label": AUTO}, None, ()),
        ({"label": {"source": "human", "value": "Boots"}}, "Shoes", ()),
    ],
)
def test_a_machine_is_asked_about_what_is_taken_away_where_none_has_an_answer(
    before: dict[str, Any], value: str | None, unasked: tuple[str, ...]
) -> None:
    after = apply_human_fields(document(**before), {"label": value}, "label", NOW)
    assert after.unasked == unasked
    again = replace(after, unasked=())
    assert apply_human_fields(again, {"label": value, "other": 2}, "label", NOW).unasked == ()


@pytest.mark.parametrize("label_field", [None, "label"])
def test_other_fields_are_copied_without_provenance(label_field: str | None) -> None:
    before = document(label=AUTO)
    after = apply_human_fields(before, {"other": 2}, label_field, NOW)
    assert after.fields == {"label": "Boots", "other": 2}
    assert (after.labels, after.taxonomy_match) == (before.labels, before.taxonomy_match)


def test_which_fields_pass_through_and_under_which_names() -> None:
    rules = rules_of(
        {
            "field_passthrough": [
                {"source_path": "a"},
                {"source_path": "metadata.b", "target_path": "renamed"},
                {"source_path": "c", "default": 7},
                {"source_path": "$.payload.nested.deep"},
                {"source_path": "missing"},
            ]
        }
    )
    fields = {"a": 1, "b": 2, "nested": {"deep": 3}, "private": 4}
    assert pass_through(fields, rules) == {"a": 1, "renamed": 2, "c": 7, "nested.deep": 3, "missing": None}


def test_a_key_with_a_dot_is_found_before_a_path() -> None:
    assert lookup({"a.b": 1, "a": {"b": 2}}, "a.b") == 1
    assert lookup({"a": {"b": 2}}, "a.b") == 2
    assert lookup({"a": 5}, "a.b", "none") == "none"
