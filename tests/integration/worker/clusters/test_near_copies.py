"""Copies and near copies are clustered as one: they are together, and hide nothing from each other method."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score

from services.worker.clusters.methods.catalog import METHODS
from services.worker.clusters.vectors.near_copies import equal_rows, near_copies
from services.worker.clusters.vectors.neighbours import Neighbours
from services.worker.clusters.vectors.vectors import Vectors
from tests.support.clusters.cluster_vectors import Rows, blobs, plan_of, run_here

WIDE = 128
COPIES = 20
FOUND_BY_THEMSELVES = ["hdbscan", "auto", "dbscan"]


def unit(rows: Rows) -> NDArray[np.float16]:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float16)


def related(kinds: int, each: int, seed: int = 0) -> tuple[Rows, NDArray[np.int_]]:
    """Kinds that are more like each other than like anything else, and the kind of each row."""
    random = np.random.default_rng(seed)
    common, own = random.normal(size=WIDE), random.normal(size=(kinds, WIDE))
    truth = np.repeat(np.arange(kinds), each)
    return unit(common + own[truth] + 0.9 * random.normal(size=(kinds * each, WIDE))), truth


def stranger(nearly: float = 0.0, seed: int = 5) -> Rows:
    """COPIES of something else, each changed by as much."""
    random = np.random.default_rng(seed)
    one = random.normal(size=WIDE)
    return unit(one + nearly * random.normal(size=(COPIES, WIDE)))


@pytest.mark.parametrize("algorithm", METHODS)
@pytest.mark.parametrize("heaps", [2, 3])
def test_heaps_of_equal_vectors_are_the_groups(algorithm: str, heaps: int, tmp_path: Path) -> None:
    vectors = np.repeat(blobs(heaps, heaps, WIDE)[0], 10, axis=0)
    parameters = {"n_clusters": heaps} if algorithm in ("kmeans", "agglomerative") else {}
    outcome = run_here(plan_of(algorithm, parameters=parameters), tmp_path, vectors)
    heap = [set(outcome.assignments[start : start + 10].tolist()) for start in range(0, len(vectors), 10)]
    assert all(len(each) == 1 for each in heap)
    if algorithm != "spectral" or heaps == 2:
        assert outcome.num_clusters == heaps
    assert outcome.metrics["copies_folded"] == 9 * heaps


@pytest.mark.parametrize("algorithm", FOUND_BY_THEMSELVES)
@pytest.mark.parametrize("nearly", [0.0, 0.1, 0.3], ids=["copies", "near copies", "very like each other"])
def test_copies_of_one_hide_no_other_group(algorithm: str, nearly: float, tmp_path: Path) -> None:
    kinds, truth = related(4, 20)
    outcome = run_here(plan_of(algorithm, vis_n_components=2), tmp_path, np.concatenate([kinds, stranger(nearly)]))
    assert outcome.num_clusters == 5
    assert adjusted_rand_score(np.append(truth, [4] * COPIES), outcome.assignments) > 0.9
    assert len(set(outcome.assignments[80:].tolist())) == 1


@pytest.mark.parametrize("algorithm", ["hdbscan", "auto"])
def test_copies_do_not_make_one_group_of_kinds_that_overlap(algorithm: str, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    common, own = random.normal(size=WIDE), random.normal(size=(4, WIDE))
    truth = np.repeat(np.arange(4), 20)
    kinds = unit(2 * common + own[truth] + 2.3 * random.normal(size=(80, WIDE)))
    outcome = run_here(plan_of(algorithm), tmp_path, np.concatenate([kinds, stranger(0.1)]))
    assert outcome.num_clusters == 5
    assert adjusted_rand_score(np.append(truth, [4] * COPIES), outcome.assignments) > 0.85


@pytest.mark.parametrize("algorithm", FOUND_BY_THEMSELVES)
def test_copies_go_where_what_they_are_copies_of_goes(algorithm: str, tmp_path: Path) -> None:
    kinds, truth = related(4, 20)
    outcome = run_here(plan_of(algorithm), tmp_path, np.concatenate([kinds, np.repeat(kinds[30:31], COPIES, axis=0)]))
    assert adjusted_rand_score(np.append(truth, [1] * COPIES), outcome.assignments) > 0.9
    assert sorted(np.bincount(outcome.assignments[outcome.assignments >= 0]))[-1] == 20 + COPIES
    assert outcome.metrics["copies_folded"] == COPIES


def test_copies_that_are_fewer_than_a_group_needs_stay_noise(tmp_path: Path) -> None:
    kinds, _ = related(4, 20)
    vectors = np.concatenate([kinds, stranger()[:4]])
    parameters = {"eps": 0.4, "metric": "cosine"}
    few = run_here(plan_of("dbscan", parameters={**parameters, "min_samples": 5}), tmp_path, vectors)
    enough = run_here(plan_of("dbscan", parameters={**parameters, "min_samples": 4}), tmp_path, vectors)
    assert set(few.assignments[80:].tolist()) == {-1}
    assert len(set(enough.assignments[80:].tolist()) - {-1}) == 1


def test_sizes_centroids_and_the_picture_count_every_copy(tmp_path: Path) -> None:
    vectors = np.concatenate([blobs(40, 2, 24, 0.3)[0], np.repeat(blobs(40, 2, 24, 0.3)[0][:1], 30, axis=0)])
    outcome = run_here(plan_of("kmeans", parameters={"n_clusters": 2}, vis_n_components=2), tmp_path, vectors)
    assert np.bincount(outcome.assignments).tolist() == [50, 20]
    mean = vectors[outcome.assignments == 0].astype(float).mean(axis=0)
    assert outcome.centroids[0][0] == pytest.approx(mean / np.linalg.norm(mean), abs=2e-3)
    assert outcome.coordinates is not None
    assert np.ptp(outcome.coordinates[40:], axis=0).tolist() == [0, 0]
    assert outcome.metrics["largest_group_share"] == pytest.approx(50 / 70, abs=1e-6)
    assert any("71% of the documents" in warning for warning in outcome.warnings)


@pytest.mark.parametrize("algorithm", ["kmeans", "hdbscan"])
def test_copies_outside_the_sample_go_along(algorithm: str, tmp_path: Path) -> None:
    vectors, truth = blobs(120, 3, 24, 0.5)
    many, kinds = np.concatenate([vectors] * 5), np.concatenate([truth] * 5)
    parameters = {"n_clusters": 3} if algorithm == "kmeans" else {}
    outcome = run_here(plan_of(algorithm, parameters=parameters, sample_limit=60), tmp_path, many)
    assert (outcome.metrics["sampled"], outcome.metrics["copies_folded"]) == (True, 240)
    together = outcome.assignments.reshape(5, 120)
    assert (together == together[0]).all()
    clustered = outcome.assignments >= 0
    assert adjusted_rand_score(kinds[clustered], outcome.assignments[clustered]) > 0.9


def test_one_group_that_is_most_of_the_set_and_really_one_is_left_whole(tmp_path: Path) -> None:
    vectors, truth = blobs(120, 2, WIDE, 0.8)
    kept = np.concatenate([vectors[truth == 0], vectors[truth == 1][:15]])
    outcome = run_here(plan_of("hdbscan"), tmp_path, kept)
    assert np.bincount(outcome.assignments[outcome.assignments >= 0]).tolist() == [60, 15]
    assert "divided_once_more" not in outcome.metrics
    assert any("80% of the documents" in warning for warning in outcome.warnings)


def test_a_hundred_near_copies_have_one_leader() -> None:
    kinds, _ = related(4, 20)
    random = np.random.default_rng(0)
    near = unit(random.normal(size=WIDE) + 0.1 * random.normal(size=(100, WIDE)))
    matrix = np.concatenate([kinds, near]).astype(np.float32)
    folding, neighbours = near_copies(Neighbours(matrix))
    assert len(set(folding.of[80:].tolist())) == 1
    assert folding.counts().max() == 100
    assert (neighbours.matrix == matrix[folding.leaders]).all()


def test_what_is_merely_alike_in_a_set_of_the_alike_is_no_copy() -> None:
    folding, _ = near_copies(Neighbours(blobs(60, 3, WIDE, 0.1)[0].astype(np.float32)))
    assert len(folding.leaders) == 60


def test_equal_vectors_are_known_whichever_their_rows() -> None:
    matrix = np.array([[1, 0], [0, 1], [1, -0.0], [0, 1], [1, 1]], np.float16)
    folding = equal_rows(Vectors((matrix,), (1.0,), normalize=True), np.array([1, 2, 3, 4, 0]))
    assert folding.leaders.tolist() == [0, 1, 3]
    assert folding.of.tolist() == [0, 1, 0, 2, 1]


def test_vectors_of_one_direction_whose_lengths_count_are_no_copies(tmp_path: Path) -> None:
    lengths: Any = np.repeat([1.0, 3.0], 10)[:, None] + np.linspace(0, 0.1, 20)[:, None]
    vectors = (lengths * np.ones((20, 4))).astype(np.float16)
    parameters = {"n_clusters": 2}
    outcome = run_here(plan_of("kmeans", parameters=parameters, normalize=False), tmp_path, vectors)
    assert outcome.metrics["copies_folded"] == 0
    assert np.bincount(outcome.assignments).tolist() == [10, 10]
