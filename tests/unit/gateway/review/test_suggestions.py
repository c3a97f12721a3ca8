"""Suggestions: what the nearest labelled documents say, and who says it."""

from services.gateway.review.suggestions import Hit, labelled_filter, ranked


def hit(document_id: str, label: str, score: float) -> Hit:
    return Hit(row={"document_id": document_id, "label": label}, score=score)


def test_near_ones_count_more_than_many_far_ones() -> None:
    hits = [hit("near", "shoe", 0.9), *(hit(f"far{number}", "hat", 0.4) for number in range(5))]
    best, other = ranked(hits)
    assert (best.label, other.label) == ("shoe", "hat")
    assert abs(best.votes + other.votes - 1) < 0.01


def test_the_nearest_speak_first_and_each_document_once() -> None:
    (only,) = ranked([hit("b", "shoe", 0.5), hit("a", "shoe", 0.8), hit("a", "shoe", 0.7), hit("c", "shoe", 0.1)])
    assert [each.row["document_id"] for each in only.hits] == ["a", "b", "c"]


def test_without_neighbours_nothing_is_suggested() -> None:
    assert ranked([]) == []


def test_two_spellings_of_one_label_are_one() -> None:
    assert [each.label for each in ranked([hit("a", " shoe ", 0.5), hit("b", "shoe", 0.4)])] == ["shoe"]


def test_labels_that_were_called_wrong_are_not_lent() -> None:
    assert "_internal.stale.kind" in labelled_filter("kind")
