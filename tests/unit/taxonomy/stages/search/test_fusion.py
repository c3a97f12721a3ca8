"""Several searches become one ranking; one search keeps its raw similarities."""

import pytest

from services.taxonomy.domain import Candidate
from services.taxonomy.stages.search.fusion import Fusion, Ranking, fuse


def ranking(*found: tuple[str, float], weight: float = 1.0) -> Ranking:
    candidates = [
        Candidate(document_id=name, collection_id="c", object_id="o", score=score, similarity=score)
        for name, score in found
    ]
    return Ranking(weight=weight, candidates=candidates)


def scores(rankings: list[Ranking], method: Fusion) -> dict[str, float]:
    return {each.document_id: round(each.score, 6) for each in fuse(rankings, method)}


@pytest.mark.parametrize("method", list(Fusion))
def test_a_single_search_is_not_touched(method: Fusion) -> None:
    only = ranking(("a", 0.9), ("b", 0.4), weight=0.5)
    assert fuse([only], method) == tuple(only.candidates)


def test_rrf_counts_ranks_and_weights() -> None:
    found = scores([ranking(("a", 0.9), ("b", 0.8)), ranking(("b", 0.3), weight=0.5)], Fusion.RRF)
    assert found == {"b": round(1 / 62 + 0.5 / 61, 6), "a": round(1 / 61, 6)}
    assert list(found) == ["b", "a"]


def test_weighted_is_the_mean_by_weight_where_missing_counts_nothing() -> None:
    found = scores([ranking(("a", 0.9), ("b", 0.8), weight=1.0), ranking(("b", 0.4), weight=0.5)], Fusion.WEIGHTED)
    assert found == {"b": pytest.approx(2 / 3, abs=1e-6), "a": pytest.approx(0.6)}


def test_max_takes_the_best_similarity() -> None:
    assert scores([ranking(("a", 0.2)), ranking(("a", 0.7), ("b", 0.5))], Fusion.MAX) == {"a": 0.7, "b": 0.5}


def test_the_best_raw_similarity_is_kept_beside_the_fused_score() -> None:
    (fused,) = fuse([ranking(("a", 0.2)), ranking(("a", 0.7))], Fusion.RRF)
    assert fused.similarity == 0.7


def test_equal_scores_are_ordered_by_document() -> None:
    assert list(scores([ranking(("b", 0.5)), ranking(("a", 0.5))], Fusion.RRF)) == ["a", "b"]
