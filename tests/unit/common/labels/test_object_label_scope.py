"""How far what is said of an object reaches."""

import pytest

from services.common.extractors.traits import UNKNOWN, traits_of
from services.common.labels.object_label_scope import held_back, is_ambiguous


@pytest.mark.parametrize(
    ("extractor", "documents", "ambiguous"),
    [
        ("face_identity_extractor@v1", 1, False),
        ("face_identity_extractor@v1", 2, True),
        ("text_extractor@v1", 5, False),
        ("image_extractor@v1", 5, False),
        ("unheard_of@v1", 5, False),
    ],
)
def test_only_of_several_faces_nobody_knows_whose_the_label_is(extractor: str, documents: int, ambiguous: bool) -> None:
    assert is_ambiguous(extractor, documents) is ambiguous


def test_label_fields_are_held_back_and_others_are_not() -> None:
    assert held_back(["person_name", "camera"], {"person_name"}) == {"person_name"}


def test_in_a_collection_without_taxonomy_every_field_may_be_a_name() -> None:
    assert held_back(["person_name", "employee_id"], ()) == {"person_name", "employee_id"}


def test_traits_go_by_the_name_with_or_without_a_version() -> None:
    assert traits_of("text_extractor") is traits_of("text_extractor@v1")
    assert traits_of("unheard_of@v2") is UNKNOWN
