"""Groups of look-alikes: every document in one, like with like, the typical one first."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.gateway.review.look_alikes import look_alikes, unit_rows


def kinds(count: int, each: int, noise: float, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors around so many centres, those of one kind in a row."""
    random = np.random.default_rng(seed)
    centres = np.repeat(random.normal(size=(count, 64)), each, axis=0)
    vectors = centres + noise * random.normal(size=centres.shape)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def test_kinds_that_are_apart_are_found() -> None:
    groups = look_alikes(kinds(5, 8, 0.3), most=24)
    assert len(groups) >= 5
    for group in groups:
        assert len({member.place // 8 for member in group}) == 1


def test_the_largest_come_first_and_the_typical_one_leads() -> None:
    groups = look_alikes(kinds(4, 9, 0.4), most=5)
    sizes = [len(group) for group in groups]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) <= 5
    for group in groups:
        assert abs(group[0].likeness - 1) < 1e-3


@settings(max_examples=40, deadline=None)
@given(count=st.integers(1, 30), most=st.integers(1, 10), seed=st.integers(0, 1000))
def test_each_document_is_in_one_group(count: int, most: int, seed: int) -> None:
    vectors = kinds(count, 1, 0.0, seed)
    places = [member.place for group in look_alikes(vectors, most) for member in group]
    assert sorted(places) == list(range(count))


def test_stored_vectors_become_rows_of_unit_length() -> None:
    rows = unit_rows([np.array(row, dtype="<f2").tobytes() for row in ([3, 4], [0, 0], [0, 2])])
    expected = np.array([[0.6, 0.8], [0.0, 0.0], [0.0, 1.0]])
    assert np.allclose(rows, expected, atol=1e-3)
