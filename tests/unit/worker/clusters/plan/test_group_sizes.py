"""How sizes of clusters are told."""

import math

import numpy as np
import pytest

from services.worker.clusters.computing.feature_agreement import agreed, smallest_group
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.group_sizes import degeneration, numbered_by_size, should_recluster, size_metrics


def test_clusters_are_numbered_by_falling_size_then_by_first_member() -> None:
    labels = np.array([7, 7, -1, 3, 3, 3, 9, 5, 5])
    assert numbered_by_size(labels).tolist() == [1, 1, -1, 0, 0, 0, 3, 2, 2]
    assert numbered_by_size(np.array([-1, -1])).tolist() == [-1, -1]
    assert numbered_by_size(np.array([], np.int64)).tolist() == []


def test_the_metrics_of_sizes() -> None:
    found = size_metrics([4, 4], 10)
    assert found["avg_cluster_size"] == 4
    assert found["noise_ratio"] == 0.2
    assert found["cluster_size_entropy"] == pytest.approx(math.log(2))
    assert size_metrics([], 0) == {"avg_cluster_size": 0.0, "noise_ratio": 0.0, "cluster_size_entropy": 0.0}


@pytest.mark.parametrize(
    ("sizes", "points", "degenerate"),
    [
        ([], 0, "all_noise"),
        ([], 5, "all_noise"),
        ([5], 9, "single_cluster"),
        ([1, 1, 1], 3, "all_singletons"),
        ([95, 5], 100, "dominant_cluster"),
        ([5, 4], 12, False),
    ],
)
def test_clusters_that_tell_nothing_are_called_so(sizes: list[int], points: int, degenerate: object) -> None:
    found = degeneration(sizes, points)
    assert found["degenerate"] == degenerate
    assert bool(found.get("degenerate_detail")) == bool(degenerate)


def test_weak_noisy_or_degenerate_runs_are_worth_another() -> None:
    assert should_recluster({"silhouette_score": 0.6, "degenerate": False, "noise_ratio": 0.1}) == 0
    assert should_recluster({"silhouette_score": 0.1, "degenerate": False}) == 1
    assert should_recluster({"degenerate": "single_cluster"}) == 1
    assert should_recluster({"noise_ratio": 0.7}) == 1


def test_features_agree_where_all_put_rows_together() -> None:
    one, other = np.array([0, 0, 0, 1, 1, 1, -1]), np.array([0, 0, 1, 1, 1, 1, 1])
    assert numbered_by_size(agreed([one, other], 1)).tolist() == [1, 1, 2, 0, 0, 0, -1]
    assert numbered_by_size(agreed([one, other], 2)).tolist() == [1, 1, -1, 0, 0, 0, -1]


@pytest.mark.parametrize(
    ("algorithm", "parameters", "smallest"),
    [
        ("hdbscan", {"min_cluster_size": 9}, 9),
        ("dbscan", {"min_samples": 3}, 3),
        ("optics", {}, 5),
        ("kmeans", {"min_samples": 3}, 1),
    ],
)
def test_the_smallest_group_is_the_methods_own(algorithm: str, parameters: dict[str, int], smallest: int) -> None:
    assert smallest_group(ClusterPlan(algorithm=algorithm, features=("a",), parameters=parameters)) == smallest
