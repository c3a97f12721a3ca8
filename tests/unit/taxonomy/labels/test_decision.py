"""The decision: best labelled neighbour, reported even when it is not enough."""

from services.taxonomy.domain import Candidate, Label
from services.taxonomy.labels.decision import decide


def candidate(name: str, similarity: float, score: float | None = None) -> Candidate:
    return Candidate(
        document_id=name,
        collection_id="col_a",
        object_id=f"obj_{name}",
        score=similarity if score is None else score,
        similarity=similarity,
    )


def label(value: str, source: str = "human") -> Label:
    return Label(value=value, source=source)


def test_the_best_neighbour_lends_its_label() -> None:
    labels = {"near": label("shoe"), "far": label("hat")}
    verdict = decide([candidate("near", 0.9), candidate("far", 0.5)], labels, threshold=0.3, limit=1)
    assert (verdict.matched, verdict.confidence) == (True, 0.9)
    assert verdict.best is not None
    assert verdict.best.label.value == "shoe"


def test_a_score_under_the_threshold_is_reported_but_does_not_match() -> None:
    verdict = decide([candidate("near", 0.21)], {"near": label("shoe")}, threshold=0.3, limit=1)
    assert (verdict.matched, verdict.confidence, verdict.best) == (False, 0.21, None)
    assert [each.candidate.document_id for each in verdict.evidence] == ["near"]


def test_a_score_equal_to_the_threshold_matches() -> None:
    assert decide([candidate("near", 0.3)], {"near": label("shoe")}, threshold=0.3, limit=1).matched


def test_without_a_candidate_confidence_is_zero() -> None:
    verdict = decide([], {}, threshold=0.0, limit=1)
    assert (verdict.matched, verdict.confidence, verdict.evidence) == (False, 0.0, ())


def test_a_neighbour_whose_label_is_gone_is_passed_over() -> None:
    found = [candidate("cleared", 0.95), candidate("next", 0.8)]
    verdict = decide(found, {"next": label("hat")}, threshold=0.3, limit=1)
    assert verdict.confidence == 0.8
    assert [each.label.value for each in verdict.evidence] == ["hat"]


def test_evidence_lists_as_many_neighbours_as_asked_for_best_first() -> None:
    found = [candidate(name, score) for name, score in (("a", 0.5), ("b", 0.9), ("c", 0.7), ("d", 0.2))]
    verdict = decide(found, {each.document_id: label("x") for each in found}, threshold=0.3, limit=3)
    assert [each.candidate.document_id for each in verdict.evidence] == ["b", "c", "a"]


def test_of_equally_alike_neighbours_the_one_a_person_labelled_decides() -> None:
    labels = {"a_machine": label("wrong", "auto"), "b_person": label("right", "human")}
    found = [candidate("a_machine", 1.0), candidate("b_person", 1.0)]
    verdict = decide(found, labels, threshold=0.3, limit=1)
    assert verdict.best is not None
    assert verdict.best.label.value == "right"


def test_the_order_of_the_candidates_does_not_change_the_verdict() -> None:
    found = [candidate(name, 0.8) for name in "dbca"]
    labels = {name: label(name, "auto") for name in "abcd"}
    verdicts = {decide(order, labels, threshold=0.3, limit=2) for order in (found, found[::-1], sorted(found, key=str))}
    assert len(verdicts) == 1


def test_confidence_is_the_similarity_not_the_fused_score() -> None:
    verdict = decide([candidate("near", 0.9, score=0.016)], {"near": label("shoe")}, threshold=0.3, limit=1)
    assert (verdict.matched, verdict.confidence) == (True, 0.9)
