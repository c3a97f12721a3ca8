"""Wide vectors: reduced by UMAP, drawn, sampled, and the same every time."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from services.worker.clusters.computing.spread_labels import Sampled, spread
from services.worker.clusters.plan.outcome import ClusterOutcome
from services.worker.clusters.vectors.vectors import Vectors
from tests.support.clusters.cluster_vectors import blobs, plan_of, run_here

ROWS = 400
VECTORS, TRUTH = blobs(ROWS, 8, 128, 0.7)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> ClusterOutcome:
    return run_here(plan_of("hdbscan", vis_n_components=2), tmp_path_factory.mktemp("whole"), VECTORS)


def test_density_in_wide_vectors_is_found_in_fewer_dimensions(whole: ClusterOutcome) -> None:
    assert adjusted_rand_score(TRUTH, whole.assignments) > 0.95
    assert (whole.metrics["reduced_by"], whole.metrics["reduced_to"]) == ("umap", 10)
    assert whole.coordinates is not None
    assert whole.coordinates.shape == (ROWS, 2)


def test_the_same_vectors_give_the_same_outcome(whole: ClusterOutcome, tmp_path: Path) -> None:
    again = run_here(plan_of("hdbscan", vis_n_components=2), tmp_path, VECTORS)
    assert (again.assignments == whole.assignments).all()
    assert again.coordinates is not None
    assert whole.coordinates is not None
    assert np.array_equal(again.coordinates, whole.coordinates)


def test_a_sample_finds_the_clusters_of_the_whole(whole: ClusterOutcome, tmp_path: Path) -> None:
    plan = plan_of("hdbscan", vis_n_components=2, sample_limit=160)
    sampled = run_here(plan, tmp_path, VECTORS)
    assert (sampled.metrics["sampled"], sampled.metrics["sample_size"]) == (True, 160)
    assert adjusted_rand_score(whole.assignments, sampled.assignments) > 0.9
    assert sampled.coordinates is not None
    assert np.isfinite(sampled.coordinates).all()


@pytest.mark.parametrize(("has_noise", "left_out"), [(True, 1.0), (False, 0.0)])
def test_strangers_to_the_sample_stay_out_where_there_is_noise(has_noise: bool, left_out: float) -> None:
    mixed = np.concatenate([VECTORS, blobs(40, 40, 128, 0.7, seed=9)[0]])
    vectors, rows = Vectors((mixed,), (1.0,), normalize=True), np.arange(200)
    sampled = Sampled(rows=rows, matrix=vectors.take(rows), labels=TRUTH[:200], coordinates=None, voters=np.arange(200))
    labels, _ = spread(vectors, np.arange(len(mixed)), sampled, has_noise=has_noise)
    assert (labels[ROWS:] == -1).mean() == left_out
    assert adjusted_rand_score(TRUTH, labels[:ROWS]) > 0.95


def test_one_reduction_serves_the_clusters_and_the_picture(tmp_path: Path) -> None:
    step = {"method": "umap", "n_components": 2, "n_neighbors": 15}
    outcome = run_here(plan_of("hdbscan", vis_n_components=2, preprocessing=(step,)), tmp_path, VECTORS)
    assert adjusted_rand_score(TRUTH, outcome.assignments) > 0.9
    assert outcome.metrics["picture_seconds"] < outcome.metrics["reducing_seconds"] / 10
