"""Which documents take over what changed of their object, or of the document that they were made from."""

from typing import Any

from services.common.labels.inherited_edits import OBJECT, Inheritor, inherit, inherited_fields

NAME = "person_name"


def carrier(number: int, **changes: Any) -> Inheritor:
    """A document of a collection of faces that labels itself."""
    values: dict[str, Any] = {
        "document_id": f"doc_{number}",
        "collection_id": "col_1",
        "source": OBJECT,
        "extractor": "face_identity_extractor@v1",
        "feature_extractor": {"field_passthrough": [{"source_path": NAME}, {"source_path": "camera"}]},
        "label_fields": (NAME,),
    }
    return Inheritor(**{**values, **changes})


def test_the_only_document_takes_over_everything() -> None:
    changed = {NAME: "Anna", "camera": "north", "other": 1}
    assert inherit([carrier(1)], {OBJECT: changed}) == {"doc_1": {NAME: "Anna", "camera": "north"}}


def test_a_name_stays_on_the_object_where_there_are_two_faces() -> None:
    carried = inherit([carrier(1), carrier(2)], {OBJECT: {NAME: "Anna", "camera": "north"}})
    assert carried == {"doc_1": {"camera": "north"}, "doc_2": {"camera": "north"}}


def test_two_collections_of_one_object_do_not_make_it_ambiguous() -> None:
    carried = inherit([carrier(1), carrier(2, collection_id="col_2")], {OBJECT: {NAME: "Anna"}})
    assert carried == {"doc_1": {NAME: "Anna"}, "doc_2": {NAME: "Anna"}}


def test_without_a_taxonomy_any_field_may_be_a_name() -> None:
    both = [carrier(1, label_fields=()), carrier(2, label_fields=())]
    assert inherit(both, {OBJECT: {NAME: "Anna", "camera": "north"}}) == {}


def test_all_parts_of_a_text_take_over_its_label() -> None:
    pages = [carrier(number, extractor="text_extractor@v1") for number in (1, 2, 3)]
    assert inherit(pages, {OBJECT: {NAME: "Anna"}}) == {f"doc_{number}": {NAME: "Anna"} for number in (1, 2, 3)}


def test_what_is_taken_over_goes_on_under_its_new_name() -> None:
    renamed = {"field_passthrough": [{"source_path": NAME, "target_path": "who"}]}
    again = {"field_passthrough": [{"source_path": "who", "target_path": "friend"}]}
    first = carrier(1, feature_extractor=renamed, label_fields=())
    second = carrier(2, collection_id="col_2", source="doc_1", feature_extractor=again, label_fields=())
    carried = inherit([first, second], {OBJECT: {NAME: "Anna"}})
    assert carried == {"doc_1": {"who": "Anna"}, "doc_2": {"friend": "Anna"}}
    assert inherit([first, second], {"doc_1": {"who": "Boris"}}) == {"doc_2": {"friend": "Boris"}}


def test_a_label_is_taken_over_even_when_no_rule_names_it() -> None:
    assert inherited_fields({NAME: None}, {"field_passthrough": []}, (NAME,)) == {NAME: None}


def test_a_collection_may_take_over_every_field() -> None:
    everything = {"feature_extractor_name": "passthrough_extractor", "field_passthrough": []}
    assert inherited_fields({"a": 1, "b": None}, everything, ()) == {"a": 1, "b": None}
    assert inherited_fields({"a": 1}, {**everything, "parameters": {"preserve_metadata": False}}, ()) == {}
    assert inherited_fields({"a": 1}, {"include_all_source_fields": True}, ()) == {"a": 1}
