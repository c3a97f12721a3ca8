"""Exact search against numpy's brute force: the same rows, the same scores."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from services.index.domain import unit
from services.index.vectors.exact_search import nearest
from tests.support.index.corpus import brute_force, unit_vectors


def assert_holds_the_best(matrix: NDArray[np.float16], query: NDArray[np.float32], count: int) -> None:
    [(positions, scores)] = nearest(matrix, query[None], count)
    truth = brute_force(matrix, query)
    assert len(set(positions.tolist())) == len(positions)
    np.testing.assert_array_equal(scores, truth[positions])
    bar = np.sort(truth)[-min(count, len(truth))]
    assert set(np.flatnonzero(truth >= bar)) <= set(positions.tolist())


@pytest.mark.parametrize("count", [1, 10, 500, 5000])
@pytest.mark.parametrize("rows", [1, 2, 17, 3000])
def test_random_vectors(rows: int, count: int) -> None:
    matrix = unit_vectors(rows, 64)
    for query in unit_vectors(20, 64, seed=1):
        assert_holds_the_best(matrix, unit(query), count)


@pytest.mark.parametrize("spread", [1e-4, 1e-3, 1e-2])
def test_neighbours_closer_than_float16_can_tell(spread: float) -> None:
    noise = np.random.default_rng(0).standard_normal((2000, 256)) * spread / 16
    wide = unit_vectors(1, 256)[0].astype(np.float64) + noise
    matrix = (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float16)
    for row in range(0, 2000, 97):
        assert_holds_the_best(matrix, unit(matrix[row]), 3)


def test_every_row_the_same() -> None:
    matrix = np.repeat(unit_vectors(1, 64), 1000, axis=0)
    [(positions, scores)] = nearest(matrix, unit(matrix[0])[None], 2)
    assert sorted(positions.tolist()) == list(range(1000))
    assert set(scores.tolist()) == {1.0}


def test_a_batch_answers_each_query_as_alone() -> None:
    matrix, queries = unit_vectors(500, 64), np.stack([unit(each) for each in unit_vectors(9, 64, seed=1)])
    together = nearest(matrix, queries, 5)
    for query, (positions, scores) in zip(queries, together, strict=True):
        [(alone, alone_scores)] = nearest(matrix, query[None], 5)
        np.testing.assert_array_equal(positions, alone)
        np.testing.assert_array_equal(scores, alone_scores)


def test_nothing_is_found_in_nothing() -> None:
    [(positions, _)] = nearest(unit_vectors(0, 64), unit_vectors(1, 64).astype(np.float32), 5)
    assert len(positions) == 0


@given(rows=st.integers(1, 60), count=st.integers(1, 80), seed=st.integers(0, 1000), copies=st.integers(1, 40))
def test_any_mixture_of_copies(rows: int, count: int, seed: int, copies: int) -> None:
    matrix = np.repeat(unit_vectors(rows, 8, seed), copies, axis=0)
    assert_holds_the_best(matrix, unit(unit_vectors(1, 8, seed + 1)[0]), count)
