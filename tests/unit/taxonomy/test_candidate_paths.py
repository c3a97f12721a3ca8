"""Fields are found in every spelling that filters know, and set without touching what was there."""

import pytest

from services.taxonomy.candidate_paths import document_of, plain, put, shown_alone, to_record, value_of
from services.taxonomy.domain import Json
from tests.unit.taxonomy.candidates import MOMENT, candidate

FOUND = candidate("a", 0.5, kind="shoe", metadata={"inner": 1}, deep={"list": [{"x": 7}]})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("kind", "shoe"),
        ("metadata.kind", "shoe"),
        ("metadata.inner", 1),
        ("inner", 1),
        ("deep.list.0.x", 7),
        ("deep.list.9.x", None),
        ("score", 0.5),
        ("source_object_id", "obj_a"),
        ("_internal.created_at", MOMENT),
        ("kind.deeper", None),
        ("nothing", None),
        ("", None),
    ],
)
def test_a_path_finds_its_value(path: str, value: Json) -> None:
    assert value_of(FOUND, path) == value


def test_a_value_is_put_at_a_path_beside_what_is_there() -> None:
    changed = put(put(FOUND, "scores.mmr", 0.25), "deep.more", True)
    assert changed.row is not None
    assert changed.row.added == {"scores": {"mmr": 0.25}, "deep": {"list": [{"x": 7}], "more": True}}
    assert value_of(changed, "deep.list.0.x") == 7
    assert FOUND.row is not None
    assert FOUND.row.added == {}
    assert put(FOUND, "score", 2).score == 2.0


def test_a_document_shown_alone_has_no_other_fields() -> None:
    alone = shown_alone(FOUND, {"x": 1})
    assert plain(alone) == {"x": 1, "document_id": "a", "collection_id": "col", "score": 0.5}
    assert to_record(alone)["fields"] == {"x": 1, "score": 0.5}
    assert document_of(alone) == {"x": 1, "score": 0.5}


def test_a_filter_sees_what_stages_set() -> None:
    assert to_record(put(FOUND, "kind", "hat"))["fields"]["kind"] == "hat"
