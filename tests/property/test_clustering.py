"""Whatever is clustered: every row has one place, clusters are numbered densely and their sizes fall."""

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.support.clustering import Rows, plan_of, run_here

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
