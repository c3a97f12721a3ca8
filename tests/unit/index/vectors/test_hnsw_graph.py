"""A graph keeps exact vectors and exact scores, and finds nearly everything, after churn too."""

import numpy as np
import pytest

from services.index.domain import RowKey, unit
from services.index.vectors.hnsw_graph import ENOUGH_RECALL, Graph
from tests.support.index.corpus import brute_force, unit_vectors

COUNT = 3000


@pytest.fixture
def graph() -> Graph:
    graph = Graph(32)
    graph.put(keys(0, COUNT), unit_vectors(COUNT))
    return graph


def keys(start: int, stop: int) -> list[RowKey]:
    return list(map(RowKey, range(start, stop)))


def test_it_gives_back_the_very_bytes(graph: Graph) -> None:
    np.testing.assert_array_equal(graph.get(keys(0, COUNT)), unit_vectors(COUNT))


def test_a_key_that_is_absent_is_named(graph: Graph) -> None:
    with pytest.raises(KeyError, match="9999"):
        graph.get([RowKey(1), RowKey(9999)])


def test_scores_are_exact(graph: Graph) -> None:
    query = unit(unit_vectors(1, seed=5)[0])
    [found] = graph.search(query[None], 10)
    np.testing.assert_array_equal(found.scores, brute_force(unit_vectors(COUNT)[found.keys], query))


def test_recall_is_enough_and_known(graph: Graph) -> None:
    queries = np.stack([unit(each) for each in unit_vectors(50, seed=5)])
    truth = [int(brute_force(unit_vectors(COUNT), query).argmax()) for query in queries]
    assert graph.recall(queries) >= ENOUGH_RECALL
    found = graph.search(queries, 10)
    hits = sum(each.keys[each.scores.argmax()] == best for each, best in zip(found, truth, strict=True))
    assert hits >= 49


def test_replacing_and_removing_leave_no_trace(graph: Graph) -> None:
    fresh = unit_vectors(COUNT, seed=9)
    for start in range(0, COUNT, 500):
        graph.remove(keys(start, start + 250))
        graph.put(keys(start, start + 500), fresh[start : start + 500])
    graph.remove(keys(0, 100))
    assert sorted(graph.row_keys()) == keys(100, COUNT)
    np.testing.assert_array_equal(graph.get(keys(100, COUNT)), fresh[100:])
    for row in range(0, 100, 10):
        [found] = graph.search(unit(fresh[row])[None], 5)
        assert row not in found.keys
    graph.expansion = 256
    assert graph.recall(fresh[100:150].astype(np.float32)) >= ENOUGH_RECALL


def test_an_empty_graph_finds_nothing() -> None:
    [found] = Graph(32).search(unit_vectors(1).astype(np.float32), 5)
    assert len(found.keys) == 0


def test_widening_the_search_raises_recall() -> None:
    graph = Graph(256)
    graph.put(keys(0, 4000), unit_vectors(4000, 256))
    queries = np.stack([unit(each) for each in unit_vectors(30, 256, seed=5)])
    graph.expansion = 16
    narrow = graph.recall(queries)
    graph.expansion = 512
    assert narrow < graph.recall(queries)
