"""Which part of a new run is which of an earlier one."""

import numpy as np
import pytest

from services.worker.ingest.face_positions import NOWHERE, place_of
from services.worker.ingest.match_parts_to_documents import UNKNOWN_MODEL, number_parts


def vector(*numbers: float) -> bytes:
    """Float16 of unit norm."""
    array = np.array(numbers)
    return bytes((array / np.linalg.norm(array)).astype("<f2").tobytes())


ANNA, BORIS, CLARA = vector(1, 0, 0), vector(0, 1, 0), vector(0, 0, 1)
ANNA_AGAIN = vector(1, 0.1, 0)
NOBODY = b""


@pytest.mark.parametrize(
    ("new", "earlier", "numbers"),
    [
        pytest.param([ANNA, BORIS], {}, [0, 1], id="first run"),
        pytest.param([ANNA, BORIS], {0: ANNA, 1: BORIS}, [0, 1], id="unchanged"),
        pytest.param([BORIS, ANNA_AGAIN], {0: ANNA, 1: BORIS}, [1, 0], id="found in another order"),
        pytest.param([CLARA, ANNA], {0: ANNA}, [1, 0], id="a second face appears, in front"),
        pytest.param([BORIS], {0: ANNA, 1: BORIS}, [1], id="the first face is not found any more"),
        pytest.param([CLARA], {0: ANNA}, [1], id="somebody else is found instead"),
        pytest.param([ANNA, ANNA], {0: ANNA, 1: ANNA}, [0, 1], id="the same person twice"),
        pytest.param([ANNA_AGAIN, ANNA], {0: ANNA}, [1, 0], id="the better likeness wins"),
        pytest.param([], {0: ANNA}, [], id="nothing is found any more"),
        pytest.param([NOBODY, NOBODY], {0: NOBODY}, [0, 1], id="no vectors"),
        pytest.param([ANNA], {0: vector(1, 0)}, [1], id="another model"),
        pytest.param([ANNA, BORIS], {3: BORIS, 1: CLARA}, [0, 3], id="gaps of earlier runs"),
    ],
)
def test_a_part_keeps_the_number_of_the_part_that_it_is(
    new: list[bytes], earlier: dict[int, bytes], numbers: list[int]
) -> None:
    assert number_parts(new, earlier, UNKNOWN_MODEL) == numbers


def test_a_crowd_is_matched_one_to_one() -> None:
    crowd = [row.astype("<f2").tobytes() for row in np.eye(300)]
    shuffled = [crowd[number] for number in np.random.default_rng(1).permutation(300)]
    numbers = number_parts(shuffled, dict(enumerate(crowd)), UNKNOWN_MODEL)
    assert [crowd[number] for number in numbers] == shuffled


def test_a_look_far_from_the_first_is_known_where_the_model_says_so() -> None:
    far = vector(1, 1.2, 0.3)
    assert number_parts([BORIS, far], {0: ANNA, 1: BORIS}, 0.45) == [1, 2], "it is more like Boris"
    assert number_parts([CLARA, vector(1, 0.2, 1)], {0: ANNA, 1: CLARA}, 0.45) == [1, 2], "nearly as much like Clara"
    assert number_parts([BORIS, vector(1, 0.2, 0.5)], {0: ANNA, 1: BORIS}, 0.45) == [1, 0]
    assert number_parts([vector(1, 0.2, 1)], {0: ANNA}, 0.9) == [1]


def test_somebody_else_gets_no_name_although_every_other_face_is_taken() -> None:
    stranger = vector(0.3, 0.2, 1)
    assert number_parts([BORIS, stranger], {0: ANNA, 1: BORIS}, 0.45) == [1, 2]


LEFT, RIGHT, BELOW = (0.0, 100.0, 90.0), (0.0, 500.0, 95.0), (0.0, 105.0, 600.0)


@pytest.mark.parametrize(("scale", "offset"), [(1, 0), (0.25, 0), (1, -80), (2, 30)])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1), (1, 0, 2)])
def test_faces_of_one_person_are_told_apart_by_how_they_lie(
    scale: float, offset: float, order: tuple[int, ...]
) -> None:
    earlier = [LEFT, RIGHT, BELOW]
    moved = [(page, x * scale + offset, y * scale) for page, x, y in (earlier[number] for number in order)]
    looks = dict(enumerate([ANNA, vector(1, 0.02, 0), ANNA_AGAIN]))
    new = [vector(1, 0.1, 0.01), vector(1, 0, 0.02), ANNA]
    assert number_parts(new, looks, 0.45, moved, dict(enumerate(earlier))) == list(order)


def test_photos_of_one_person_that_clearly_differ_are_told_by_their_looks() -> None:
    earlier = {0: ANNA, 1: vector(1, 0.9, 0)}
    new = [vector(1, 0.9, 0.01), ANNA]
    assert number_parts(new, earlier, 0.45, [LEFT, RIGHT], {0: LEFT, 1: RIGHT}) == [1, 0]


def test_copies_on_several_pages_go_by_their_pages() -> None:
    pages = [(1.0, 300.0, 50.0), (2.0, 10.0, 70.0)]
    assert number_parts([ANNA, ANNA], {0: ANNA, 1: ANNA}, 0.45, pages[::-1], dict(enumerate(pages))) == [1, 0]


def test_where_a_face_lies_is_known_from_its_box() -> None:
    box = {"x1": 10, "y1": 20.5, "x2": 30, "y2": 40.5}
    assert place_of({"bbox": box, "page_number": 2}) == (2.0, 20.0, 30.5)
    assert place_of({"bbox": {}}) == place_of({}) == NOWHERE
