"""Dotted names: found in every spelling, taken out of every spelling, and never said half."""

from typing import Any

import pytest

from services.common.json.paths import overlap, said_inside, value_at, without
from services.common.labels.human_labels import LabelledDocument
from services.common.labels.inherited_edits import said_by_person
from services.common.labels.label_values import label_values
from services.common.templates.renderer import Renderer


@pytest.mark.parametrize(
    ("fields", "path", "expected"),
    [
        ({"a.b": 1, "a": {"b": 2}}, "a.b", 1),
        ({"a.b": None, "a": {"b": 2}}, "a.b", 2),
        ({"a": {"b.c": 3}}, "a.b.c", 3),
        ({"a.b": {"c": 4}}, "a.b.c", 4),
        ({"a": [{"b": 5}, {"c": 6}, {"b": [7, None]}]}, "a.b", [5, 7]),
        ({"a": [{"b": 8}]}, "a.0.b", 8),
        ({"a": [{"b": 8}, {"b": 9}]}, "a.-1.b", 9),
        ({"a": 1}, "a.b", "none"),
        ({"a": {"b": None}}, "a.b", None),
    ],
)
def test_a_path_leads_to_one_value(fields: dict[str, Any], path: str, expected: Any) -> None:
    assert value_at(fields, path, "none") == expected


def test_what_is_taken_away_is_taken_from_every_spelling() -> None:
    fields = {"a.b": 1, "a": {"b": 2, "c": 3}, "d": [{"b": 1}], "ab": 4}
    assert without(fields, ["a.b", "d.b"]) == {"a": {"c": 3}, "d": [{}], "ab": 4}


def test_setting_what_holds_a_field_sets_the_field() -> None:
    assert said_inside({"a": {"b": None}}, ["a.b", "a.c"]) == {"a": {"b": None}, "a.b": None}
    assert [overlap("a", "a.b"), overlap("a.b", "a"), overlap("a.b", "a.bc")] == [True, True, False]


def test_a_label_set_inside_its_field_is_a_persons() -> None:
    before = LabelledDocument(
        fields={"info.kind": "cat"}, labels={"info.kind": {"source": "auto"}}, taxonomy_match=None
    )
    after = said_by_person(before, {"info": {"kind": "dog"}}, ["info.kind"], "now")
    assert after.labels["info.kind"]["source"] == "human"
    assert value_at(after.fields, "info.kind") == "dog"


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ DOC.info.kind }}", "flat"),
        ("{{ DOC.people.name }}", ["Ann", "Bo"]),
        ("{{ DOC.people.1.name }}", "Bo"),
        ("{{ DOC['people'][0].name }}", "Ann"),
        ("{{ DOC.nothing.here }}", ""),
    ],
)
def test_templates_read_paths_by_the_same_rule(template: str, expected: Any) -> None:
    document = {"info.kind": "flat", "info": {"kind": "nested"}, "people": [{"name": "Ann"}, {"name": "Bo"}]}
    assert Renderer(["DOC"], "").value(template, "here", {"DOC": document}) == expected


def test_a_blank_label_inside_of_a_field_is_none() -> None:
    fields = {"info": {"kind": "  ", "note": " "}, "info.kind": " cat "}
    assert label_values(fields, ["info.kind"]) == {"info": {"kind": None, "note": " "}, "info.kind": "cat"}
