"""Scores of one set against another."""

import pytest

from services.common.precision_recall import f_score, set_scores


@pytest.mark.parametrize(
    ("predicted", "truth", "precision", "recall"),
    [
        ("ab", "ab", 1.0, 1.0),
        ("abcd", "ab", 0.5, 1.0),
        ("a", "ab", 1.0, 0.5),
        ("aab", "ab", 1.0, 1.0),
        ("x", "ab", 0.0, 0.0),
        ("", "ab", 0.0, 0.0),
        ("ab", "", 0.0, 0.0),
        ("", "", 0.0, 0.0),
    ],
)
def test_both_sides_are_sets(predicted: str, truth: str, precision: float, recall: float) -> None:
    scores = set_scores(predicted, truth)
    assert (scores["precision"], scores["recall"]) == (precision, recall)
    assert scores["f1"] == f_score(precision, recall, 1.0)


def test_f2_favours_recall() -> None:
    assert f_score(0.5, 1.0, 2.0) == pytest.approx(5 / 6)
    assert f_score(0.5, 1.0, 2.0) > f_score(1.0, 0.5, 2.0)
    assert f_score(0.0, 0.0, 2.0) == 0.0
