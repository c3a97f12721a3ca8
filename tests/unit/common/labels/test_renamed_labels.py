"""Which label of an object is renamed with its documents."""

from typing import Any

import pytest

from services.common.labels.renamed_labels import renamed_labels

FACES = "face_identity_extractor"


def renamed(stated: dict[str, Any], *labels: Any, extractor: str = "text_extractor", **more: Any) -> dict[str, Any]:
    documents = [{"kind": label} for label in labels]
    return renamed_labels(stated, documents, ["kind"], extractor=extractor, feature_extractor=more)


def test_an_object_takes_the_new_spelling_of_all_its_chunks() -> None:
    assert renamed({"kind": "Invoce"}, "Invoice", "Invoice") == {"kind": "Invoice"}


def test_a_label_that_is_taken_away_is_taken_from_the_object() -> None:
    assert renamed({"kind": "Invoice"}, None) == {"kind": None}


@pytest.mark.parametrize("stated", [{}, {"kind": None}, {"kind": " "}, {"kind": "Invoice"}])
def test_an_object_without_another_label_of_its_own_stays(stated: dict[str, Any]) -> None:
    assert renamed(stated, "Invoice") == {}


def test_chunks_that_differ_do_not_speak_for_their_object() -> None:
    assert renamed({"kind": "Invoce"}, "Invoice", "Invoce") == {}


def test_two_faces_do_not_speak_for_their_object() -> None:
    assert renamed({"kind": "Ann"}, "Anna", "Anna", extractor=FACES) == {}
    assert renamed({"kind": "Ann"}, "Anna", extractor=FACES) == {"kind": "Anna"}


def test_the_field_that_the_label_comes_from_is_renamed() -> None:
    passed = [{"source_path": "info.type", "target_path": "kind"}]
    assert renamed({"info": {"type": "Invoce"}}, "Invoice", field_passthrough=passed) == {"info.type": "Invoice"}
