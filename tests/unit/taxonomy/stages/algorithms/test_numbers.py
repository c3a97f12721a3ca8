"""Aggregations, diversity, clusters and distribution-based fusion."""

import math
from typing import Any

import numpy as np
import pytest

from services.taxonomy.domain import Candidate
from services.taxonomy.stages.algorithms.aggregation_functions import FUNCTIONS, Aggregation
from services.taxonomy.stages.algorithms.grouped_aggregation import Aggregate, GroupField
from services.taxonomy.stages.algorithms.marginal_relevance import agreement, choose, cosines
from services.taxonomy.stages.algorithms.vector_clusters import ALGORITHMS, Clustering, cluster, renumbered
from services.taxonomy.stages.search.fusion import Fusion, Ranking, fuse
from tests.unit.taxonomy.candidates import candidate

FOUND = (
    candidate("a", v=1, w=2, kind="x"),
    candidate("b", v=3, w=6, kind="y"),
    candidate("c", v=2, w=4, kind="x"),
    candidate("d", v=None, kind="x"),
)


@pytest.mark.parametrize(
    ("function", "value"),
    [
        ("count", 3),
        ("count_distinct", 3),
        ("sum", 6.0),
        ("avg", 2.0),
        ("min", 1),
        ("max", 3),
        ("first", 1),
        ("last", 2),
        ("collect", [1, 3, 2]),
        ("collect_distinct", [1, 3, 2]),
        ("percentile", 2.0),
        ("stddev", 1.0),
        ("variance", 1.0),
        ("frequency", [{"value": 1, "count": 1}, {"value": 3, "count": 1}, {"value": 2, "count": 1}]),
        (
            "co_occurrence",
            [{"value": [1, 2], "count": 1}, {"value": [3, 6], "count": 1}, {"value": [2, 4], "count": 1}],
        ),
        ("correlation", pytest.approx(1.0)),
    ],
)
def test_every_function_ignores_what_is_missing(function: str, value: Any) -> None:
    assert FUNCTIONS[function](Aggregation(function=function, alias="x", field="v", field_b="w"), FOUND) == value


@pytest.mark.parametrize("function", list(FUNCTIONS))
def test_every_function_bears_nobody_and_what_is_no_number(function: str) -> None:
    each = Aggregation(function=function, alias="x", field="kind", field_b="v")
    assert FUNCTIONS[function](each, ()) in (0, 0.0, None, [])
    FUNCTIONS[function](each, FOUND)


def test_groups_are_sorted_by_an_aggregation_and_documents_kept_when_asked_for() -> None:
    aggregate = Aggregate(
        aggregations=(Aggregation(function="count", alias="n"),),
        group_by=(GroupField(field="kind", alias="k"),),
        sort_by="n",
        descending=False,
        limit=1,
        include_documents=True,
    )
    arranged = aggregate(FOUND)
    assert arranged.notes == {"aggregations": [{"k": "y", "n": 1}]}
    assert arranged.candidates == FOUND


def test_diversity_chooses_the_unlike_and_relevance_the_relevant() -> None:
    vectors = [np.array(v, dtype=np.float32) for v in ([1, 0], [0.999, 0.045], [0, 1])]
    likeness = cosines([*vectors, None])
    assert [n for n, _ in choose([0.9, 0.8, 0.1, 0.05], likeness, 1.0, 4)] == [0, 1, 2, 3]
    assert [n for n, _ in choose([0.9, 0.8, 0.1, 0.05], likeness, 0.3, 3)] == [0, 2, 3]
    assert agreement(["x", "y", "x"]).tolist() == [[1, 0, 1], [0, 1, 0], [1, 0, 1]]
    assert cosines([None, None]).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_algorithm_finds_two_heaps(algorithm: str) -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, (40, 8))
    heaps = np.vstack([np.eye(8)[0] + noise[:24], np.eye(8)[1] + noise[24:]])
    vectors = (heaps / np.linalg.norm(heaps, axis=1, keepdims=True)).astype(np.float32)
    labels = cluster(vectors, Clustering(algorithm=algorithm, n_clusters=2, min_cluster_size=5, eps=0.3))
    assert set(labels[:24].tolist()) <= {0, -1}
    assert set(labels[24:].tolist()) <= {1, -1}
    assert {0, 1} <= set(labels.tolist())


def test_a_few_are_one_cluster_and_the_largest_is_called_0() -> None:
    how = Clustering(algorithm="kmeans", n_clusters=2, min_cluster_size=5, eps=0.3)
    assert cluster(np.eye(3, dtype=np.float32), how).tolist() == [0, 0, 0]
    assert renumbered(np.array([5, -1, 2, 2])).tolist() == [1, -1, 0, 0]


def scored(*scores: float) -> list[Candidate]:
    return [candidate(f"{n}", score) for n, score in enumerate(scores)]


def test_distribution_based_fusion_puts_searches_on_one_scale() -> None:
    steep, flat = scored(0.9, 0.5, 0.1), scored(0.52, 0.51, 0.50)
    fused = fuse([Ranking(weight=1.0, candidates=steep), Ranking(weight=1.0, candidates=flat)], Fusion.DBSF)
    assert [each.document_id for each in fused] == ["0", "1", "2"]
    assert fused[1].score == pytest.approx(1.0)
    assert all(
        math.isfinite(each.score) for each in fuse([Ranking(weight=1.0, candidates=scored(1.0))] * 2, Fusion.DBSF)
    )


HEAPS = [np.eye(8)[0]] * 10 + [np.eye(8)[1]] * 10


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (HEAPS[:4], [0] * 4),
        (HEAPS[:9], [0] * 9),
        (HEAPS, [0] * 10 + [1] * 10),
        (HEAPS[:8] + HEAPS[10:15], [0] * 8 + [1] * 5),
    ],
    ids=["four equal ones", "nine equal ones", "two heaps of equal ones", "heaps of eight and five"],
)
def test_equal_vectors_are_together(algorithm: str, rows: list[Any], expected: list[int]) -> None:
    how = Clustering(algorithm=algorithm, n_clusters=0, min_cluster_size=5, eps=0.3)
    assert cluster(np.array(rows, dtype=np.float32), how).tolist() == expected


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_copies_of_one_do_not_change_how_the_others_are_grouped(algorithm: str) -> None:
    random = np.random.default_rng(3)
    centres = np.repeat(np.eye(16)[:3], 12, axis=0)
    rows = centres + 0.15 * random.normal(size=centres.shape)
    vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    how = Clustering(algorithm=algorithm, n_clusters=3, min_cluster_size=4, eps=0.4)
    once = cluster(vectors, how)
    many = cluster(np.concatenate([vectors, np.repeat(vectors[5:6], 25, axis=0)]), how)
    assert len(set(many[36:].tolist()) | {int(many[5])}) == 1
    assert ((many[:36, None] == many[:36]) == (once[:, None] == once)).all()
