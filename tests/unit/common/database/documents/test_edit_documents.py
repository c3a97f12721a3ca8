"""What a person's change makes of a document."""

from typing import Any

import pytest

from services.common.database.documents.edit_documents import edited_document, whole_fields
from services.common.labels.human_labels import JUDGED

NOW = "2026-01-01T00:00:00+00:00"
AUTO = {"source": "auto", "value": "Boots", "score": 0.8}
ROW: dict[str, Any] = {
    "fields": {"label": "Boots", "kind": "x", "plain": 1},
    "labels": {"label": AUTO, "kind": AUTO},
    "taxonomy_match": {"matched": True, "confidence": 0.8},
    "withdrawn": None,
}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"a": 1}, {"a": 1}),
        ({"a.b": 1}, {"a": {"b": 1, "c": 2}}),
        ({"a.b.d": 1}, {"a": {"b": {"c": 1, "d": 1}, "c": 2}}),
        ({"a.b": 1, "a.c": 3}, {"a": {"b": 1, "c": 3}}),
        ({"n.b": 1}, {"n": {"b": 1}}),
        ({"x.y": 5}, {"x.y": 5}),
    ],
)
def test_a_dotted_name_changes_what_is_inside(changes: Any, expected: Any) -> None:
    assert whole_fields({"a": {"b": {"c": 1}, "c": 2}, "n": 1, "x.y": 4}, changes) == expected


def test_a_label_becomes_the_persons_and_keeps_the_proposal() -> None:
    after = edited_document(ROW, {"label": "Shoes"}, ["label", "kind"], NOW)
    entry = after.labels["label"]
    assert entry == {"source": "human", "set_at": NOW, "value": "Shoes", "proposal": AUTO, "judged": entry["judged"]}
    assert entry["judged"] == {name: AUTO[name] for name in JUDGED if name in AUTO}
    assert after.labels["kind"] == AUTO
    assert after.taxonomy_match == {"matched": False, "source": "manual", "confidence": 0.8}


def test_only_the_first_label_field_is_what_the_match_is_about() -> None:
    after = edited_document(ROW, {"kind": "y"}, ["label", "kind"], NOW)
    assert after.labels["kind"]["source"] == "human"
    assert after.taxonomy_match == ROW["taxonomy_match"]


def test_without_label_fields_nothing_is_a_label() -> None:
    after = edited_document(ROW, {"label": "Shoes"}, [], NOW)
    assert (after.fields["label"], after.labels) == ("Shoes", ROW["labels"])


def test_the_name_of_a_clusters_group_becomes_a_persons() -> None:
    row = {**ROW, "labels": {"label": {"source": "auto", "value": "Boots", "cluster_id": "clust_1"}}}
    once = edited_document(row, {"label": "Shoes"}, [], NOW)
    assert (once.labels["label"]["source"], once.labels["label"]["value"]) == ("human", "Shoes")
    again = edited_document({**row, "labels": once.labels}, {"label": "Lamps"}, [], NOW)
    assert again.labels["label"]["value"] == "Lamps"
    assert again.taxonomy_match == ROW["taxonomy_match"]
