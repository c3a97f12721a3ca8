"""What clusterings find: known clusters by every method, and a clear outcome for whatever else comes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from services.common.errors import InvalidArgumentError
from services.worker.clusters.plan.outcome import ClusterOutcome
from tests.support.clusters.cluster_vectors import URIS, Rows, blobs, plan_of, put, run_here

EMPTY = np.zeros((0, 16), np.float16)
SAME = np.tile(blobs(1, 1, 16)[0], (40, 1))
NAN, ZEROS = np.full((6, 16), np.nan, np.float16), np.zeros((6, 16), np.float16)


def is_sound(outcome: ClusterOutcome, rows: int) -> None:
    """Shapes agree, and no figure is NaN or infinite."""
    assert outcome.assignments.shape == outcome.distances.shape == (rows,)
    assert all(len(each) == outcome.num_clusters for each in outcome.centroids)
    assert (np.isnan(outcome.distances) == (outcome.assignments < 0)).all()
    assert all(np.isfinite(value) for value in outcome.metrics.values() if isinstance(value, float))
    if outcome.coordinates is not None:
        assert np.isfinite(outcome.coordinates).all()
        assert outcome.coordinates.shape == (rows, 2)


@pytest.mark.parametrize(
    ("algorithm", "parameters"),
    [
        ("kmeans", {"n_clusters": 5}),
        ("agglomerative", {"n_clusters": 5, "affinity": "cosine", "linkage": "average"}),
        ("agglomerative", {"distance_threshold": 3.0, "memory": "/nowhere"}),
        ("spectral", {"n_clusters": 5, "affinity": "nearest_neighbors"}),
        ("gaussian_mixture", {"n_components": 5}),
        ("mean_shift", {}),
        ("dbscan", {"eps": 0.25, "metric": "cosine"}),
        ("hdbscan", {"metric": "cosine", "prediction_data": True}),
        ("optics", {"min_cluster_size": 10, "xi": 0.1}),
        ("auto", {}),
    ],
)
def test_known_clusters_are_found(algorithm: str, parameters: dict[str, Any], tmp_path: Path) -> None:
    vectors, truth = blobs(100, 5, 24, 0.4)
    outcome = run_here(plan_of(algorithm, parameters=parameters), tmp_path, vectors)
    assert adjusted_rand_score(truth, outcome.assignments) > 0.9
    assert outcome.metrics["degenerate"] is False
    is_sound(outcome, 100)


def test_representatives_are_the_rows_nearest_to_their_centroid(tmp_path: Path) -> None:
    vectors, _ = blobs(90, 3, 16, 0.4)
    outcome = run_here(plan_of("kmeans", parameters={"n_clusters": 3}), tmp_path, vectors)
    for cluster, rows in enumerate(outcome.representatives):
        members = np.flatnonzero(outcome.assignments == cluster)
        similarity = vectors[members].astype(float) @ outcome.centroids[0][cluster]
        assert outcome.distances[members] == pytest.approx(1 - similarity, abs=2e-3)
        assert list(rows) == members[np.argsort(outcome.distances[members], kind="stable")][:20].tolist()


@pytest.mark.parametrize(
    ("vectors", "algorithm", "degenerate", "clusters"),
    [
        (EMPTY, "hdbscan", "all_noise", 0),
        (EMPTY, "kmeans", "all_noise", 0),
        (blobs(1, 1, 16)[0], "hdbscan", "all_noise", 0),
        (blobs(1, 1, 16)[0], "kmeans", "single_cluster", 1),
        (blobs(3, 3, 16)[0], "hdbscan", "all_noise", 0),
        (blobs(3, 3, 16)[0], "kmeans", "all_singletons", 3),
        (blobs(3, 3, 16)[0], "spectral", False, 2),
        (blobs(3, 3, 16)[0], "optics", "all_noise", 0),
        (blobs(2, 2, 16)[0], "agglomerative", "all_singletons", 2),
        (blobs(12, 2, 16, 0.1)[0], "auto", False, 2),
        (SAME, "hdbscan", "single_cluster", 1),
        (SAME, "mean_shift", "single_cluster", 1),
        (SAME[:3], "hdbscan", "all_noise", 0),
        (NAN, "kmeans", "all_noise", 0),
        (ZEROS, "hdbscan", "all_noise", 0),
        (np.concatenate([NAN, SAME]), "dbscan", "single_cluster", 1),
        (np.concatenate([ZEROS, SAME, -SAME]), "kmeans", False, 2),
    ],
)
def test_inputs_that_tell_little_have_a_clear_outcome(
    vectors: Rows, algorithm: str, degenerate: object, clusters: int, tmp_path: Path
) -> None:
    shows = 2 if len(vectors) < 60 else None
    parameters = {"n_clusters": 2} if len(vectors) > 60 else {}
    plan = plan_of(algorithm, vis_n_components=shows, parameters=parameters)
    outcome = run_here(plan, tmp_path, vectors)
    is_sound(outcome, len(vectors))
    assert (outcome.metrics["degenerate"], outcome.num_clusters) == (degenerate, clusters)


def test_rows_without_a_direction_are_noise_and_said_so(tmp_path: Path) -> None:
    vectors, truth = blobs(60, 3, 16, 0.3)
    broken = np.concatenate([vectors, NAN, ZEROS])
    outcome = run_here(plan_of("hdbscan"), tmp_path, broken)
    assert (outcome.assignments[60:] == -1).all()
    assert adjusted_rand_score(truth, outcome.assignments[:60]) == 1.0
    assert any(warning.startswith("12 document(s)") for warning in outcome.warnings)


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"parameters": {"metric": "jaccard"}}, "vector_config.algorithm_params.metric"),
        ({"parameters": {"min_cluster_size": 1}}, "vector_config.algorithm_params.min_cluster_size"),
        ({"preprocessing": ({"method": "magic"},)}, "vector_config.preprocessing_steps.0.method"),
        (
            {"preprocessing": ({"method": "none"}, {"method": "tsne", "n_components": 9})},
            "vector_config.preprocessing_steps.1.n_components",
        ),
        ({"feature_strategy": "weighted", "feature_weights": {URIS[0]: 0.0}}, "vector_config.feature_weights"),
    ],
)
def test_what_can_never_work_is_refused_by_name(given: dict[str, Any], path: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        run_here(plan_of("hdbscan", **given), tmp_path, blobs(40, 2, 16)[0])
    assert caught.value.details["path"] == path


def test_what_the_points_do_not_allow_is_lowered_and_said(tmp_path: Path) -> None:
    outcome = run_here(plan_of("kmeans", parameters={"n_clusters": 90}), tmp_path, blobs(30, 3, 16)[0])
    assert (outcome.num_clusters, len(outcome.warnings)) == (30, 1)
    assert "n_clusters was lowered from 90 to 30" in outcome.warnings[0]


@pytest.mark.parametrize("strategy", ["concatenate", "weighted", "independent"])
def test_two_features_tell_apart_what_one_cannot(strategy: str, tmp_path: Path) -> None:
    (one, first), (other, second) = blobs(240, 4, 24, 0.3), blobs(240, 3, 12, 0.3, seed=1)
    plan = plan_of("hdbscan", features=2, feature_strategy=strategy)
    outcome = run_here(plan, tmp_path, one, other)
    assert adjusted_rand_score(first * 3 + second, outcome.assignments) > 0.95
    assert [each.shape for each in outcome.centroids] == [(12, 24), (12, 12)]
    assert np.linalg.norm(outcome.centroids[1], axis=1) == pytest.approx(1, abs=1e-3)


def test_a_feature_without_weight_has_no_say(tmp_path: Path) -> None:
    (one, truth), (other, _) = blobs(120, 4, 24, 0.3), blobs(120, 3, 12, 0.3, seed=1)
    weights = {URIS[0]: 2.0, URIS[1]: 0.0}
    plan = plan_of("hdbscan", features=2, feature_strategy="weighted", feature_weights=weights)
    assert adjusted_rand_score(truth, run_here(plan, tmp_path, one, other).assignments) == 1.0


def test_rows_are_assigned_to_the_clusters_that_are_there(tmp_path: Path) -> None:
    vectors, truth = blobs(50, 5, 16, 0.2)
    centroids = np.stack([vectors[truth == cluster].mean(axis=0) for cluster in range(4)]).astype(np.float32)
    put(tmp_path, centroids, kind="centroids")
    found = run_here(plan_of("hdbscan", mode="assign", assignment_threshold=0.7), tmp_path, vectors)
    assert found.assignments.tolist() == np.where(truth < 4, truth, -1).tolist()
    assert found.num_clusters == 4
    is_sound(found, 50)
    put(tmp_path, centroids[:0], kind="centroids")
    assert (run_here(plan_of("hdbscan", mode="assign"), tmp_path, vectors).assignments == -1).all()
