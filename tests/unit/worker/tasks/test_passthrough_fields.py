"""What documents take over when the rules of their collection change."""

from typing import Any

from services.worker.tasks.passthrough_fields import Passing, passed_anew


def extractor(*rules: Any, name: str = "image_extractor", everything: bool = False) -> dict[str, Any]:
    listed = [{"source_path": rule} if isinstance(rule, str) else rule for rule in rules]
    return {
        "feature_extractor_name": name,
        "field_passthrough": listed,
        "include_all_source_fields": everything,
    }


ORIGIN = {"price": 3, "colour": "red", "info": {"size": 4}}


def passing(fields: dict[str, Any], **more: Any) -> Passing:
    values: dict[str, Any] = {"origin": ORIGIN, "labels": (), "label_fields": (), "is_shared": False}
    return Passing(fields=fields, **{**values, **more})


def test_new_rules_bring_their_fields_and_old_ones_take_theirs() -> None:
    before = extractor("price")
    after = extractor("colour", {"source_path": "info.size", "target_path": "size"}, {"source_path": "x", "default": 0})
    assert passed_anew(passing({"price": 3, "width": 9}), before, after) == {
        "width": 9,
        "colour": "red",
        "size": 4,
        "x": 0,
    }


def test_what_was_changed_on_the_document_stays() -> None:
    before, after = extractor("price"), extractor("colour")
    fields = {"price": 5, "colour": "blue"}
    assert passed_anew(passing(fields), before, after) == fields


def test_labels_are_left_as_they_are() -> None:
    fields = {"price": 3, "kind": None}
    origin = {**ORIGIN, "kind": "shoe"}
    one = passing(fields, origin=origin, label_fields=("kind",))
    assert passed_anew(one, extractor("price"), extractor("price", "kind")) == fields
    assert passed_anew(passing({"price": 3}, labels=("price",)), extractor("price"), extractor()) == {"price": 3}


def test_of_faces_nobody_knows_whose_a_name_is() -> None:
    faces = "face_identity_extractor"
    one = passing({}, is_shared=True)
    assert passed_anew(one, extractor(name=faces), extractor("colour", name=faces)) == {"colour": None}
    labelled = passing({}, is_shared=True, label_fields=("name",))
    assert passed_anew(labelled, extractor(name=faces), extractor("colour", name=faces)) == {"colour": "red"}


def test_twice_is_once() -> None:
    before, after = extractor("price"), extractor("colour")
    once = passed_anew(passing({"price": 3}), before, after)
    assert passed_anew(passing(once), before, after) == once
