"""Of the faces of a video one per person is kept, the best, whatever the order."""

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.extractor.models.faces.video_persons import best_of_each

Faces = tuple[NDArray[np.float32], list[float]]


@st.composite
def faces(draw: st.DrawFn) -> Faces:
    """Up to 24 unit vectors around a few people, and their ranks."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people = random.standard_normal((draw(st.integers(1, 5)), 8))
    count = draw(st.integers(0, 24))
    rows = people[random.integers(len(people), size=count)] + draw(st.floats(0, 1)) * random.standard_normal((count, 8))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit.astype(np.float32), draw(st.lists(st.sampled_from([0.1, 0.5, 0.9]), min_size=count, max_size=count))


@settings(max_examples=200, deadline=None)
@given(faces(), st.floats(0.01, 1))
def test_no_two_of_those_kept_are_alike_and_everybody_is_kept(given_faces: Faces, threshold: float) -> None:
    rows, ranks = given_faces
    kept = best_of_each(rows, ranks, threshold)
    assert kept == sorted(set(kept))
    alike = rows @ rows.T >= threshold
    assert not (alike[np.ix_(kept, kept)] & ~np.eye(len(kept), dtype=bool)).any()
    reached = set(kept)
    while (wider := reached | set(np.flatnonzero(alike[sorted(reached)].any(0)).tolist())) != reached:
        reached = wider
    assert reached == set(range(len(rows)))


@settings(max_examples=100, deadline=None)
@given(faces(), st.floats(0.01, 1), st.randoms(use_true_random=False))
def test_the_order_of_the_frames_does_not_matter(given_faces: Faces, threshold: float, random: Any) -> None:
    rows, _ = given_faces
    ranks = list(np.linspace(0, 1, len(rows)))
    order = list(range(len(rows)))
    random.shuffle(order)
    shuffled = best_of_each(rows[order], [ranks[row] for row in order], threshold)
    assert sorted(order[row] for row in shuffled) == best_of_each(rows, ranks, threshold)


@settings(max_examples=100, deadline=None)
@given(faces(), st.floats(0.01, 1))
def test_what_is_kept_stays_when_it_is_chosen_from_again(given_faces: Faces, threshold: float) -> None:
    rows, ranks = given_faces
    kept = best_of_each(rows, ranks, threshold)
    assert best_of_each(rows[kept], [ranks[row] for row in kept], threshold) == list(range(len(kept)))


def test_the_best_face_of_a_person_is_kept_and_the_earliest_of_equals() -> None:
    one, other = np.eye(2, dtype=np.float32)
    rows = np.stack([one, other, one, one, other])
    assert best_of_each(rows, [0.5, 0.7, 0.9, 0.9, 0.2], 0.8) == [1, 2]


def test_a_head_that_turns_is_one_person() -> None:
    angles = np.linspace(0, np.pi / 2, 10)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert best_of_each(rows, [0.0] * 9 + [1.0], 0.9) == [9]
