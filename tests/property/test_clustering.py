"""Whatever is clustered: every row has one place, clusters are numbered densely and their sizes fall."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from tests.support.clusters.cluster_vectors import Rows, blobs, plan_of, run_here

FLOATS = st.floats(width=16) | st.sampled_from([0.0, 1.0, -1.0])
MATRICES = st.tuples(st.integers(0, 15), st.integers(1, 6)).flatmap(
    lambda shape: arrays(np.float16, shape, elements=FLOATS)
)
ALGORITHMS = st.sampled_from(["kmeans", "hdbscan", "dbscan", "agglomerative", "optics", "mean_shift", "auto"])


@settings(max_examples=60, deadline=None)
@given(vectors=MATRICES, algorithm=ALGORITHMS, normalize=st.booleans(), limit=st.integers(1, 20))
def test_every_row_has_one_place(vectors: Rows, algorithm: str, normalize: bool, limit: int) -> None:
    plan = plan_of(algorithm, vis_n_components=2, normalize=normalize, sample_limit=limit)
    with tempfile.TemporaryDirectory() as folder:
        outcome = run_here(plan, Path(folder), vectors)
    assert outcome.assignments.shape == outcome.distances.shape == (len(vectors),)
    sizes = np.bincount(outcome.assignments[outcome.assignments >= 0])
    assert len(sizes) == outcome.num_clusters == len(outcome.centroids[0])
    assert (sizes > 0).all()
    assert sorted(sizes, reverse=True) == list(sizes)
    assert outcome.assignments.min(initial=0) >= -1
    assert outcome.coordinates is not None
    assert np.isfinite(outcome.coordinates).all()
    assert np.isfinite(outcome.centroids[0]).all()
    assert all(np.isfinite(value) for value in outcome.metrics.values() if isinstance(value, float))


@settings(max_examples=15, deadline=None)
@given(
    algorithm=st.sampled_from(["hdbscan", "dbscan", "optics", "agglomerative", "kmeans", "gaussian_mixture"]),
    seed=st.integers(0, 1000),
    which=st.integers(0, 29),
    copies=st.integers(1, 30),
)
def test_copies_are_together_and_leave_the_others_as_they_are(
    algorithm: str, seed: int, which: int, copies: int
) -> None:
    vectors, _ = blobs(30, 3, 16, 0.5, seed)
    parameters = {"n_clusters": 3} if algorithm in ("kmeans", "agglomerative") else {}
    plan = plan_of(algorithm, parameters=parameters)
    with tempfile.TemporaryDirectory() as folder:
        once = run_here(plan, Path(folder), vectors).assignments
        many = run_here(plan, Path(folder), np.concatenate([vectors, vectors[[which] * copies]])).assignments
    assert set(many[30:].tolist()) == {many[which]}
    others = np.flatnonzero(np.arange(30) != which)
    assert (together(many[others]) == together(once[others])).all()


def together(assignments: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which rows are in one group, those of none in none."""
    return np.asarray((assignments[:, None] == assignments) & (assignments[:, None] >= 0))
