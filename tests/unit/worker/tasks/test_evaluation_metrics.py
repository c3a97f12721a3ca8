"""How well a ranking answers: the textbook's numbers."""

import math

import pytest

from services.worker.tasks.evaluation_metrics import label_scores, mean, score


def test_a_perfect_ranking_scores_one_everywhere() -> None:
    found = score(["a", "b"], {"a", "b"}, {}, 2)
    assert found == dict.fromkeys(found, 1.0)


def test_a_ranking_that_finds_half_late() -> None:
    found = score(["x", "a", "y", "z"], {"a", "b"}, {}, 4)
    assert (found["precision"], found["recall"], found["mrr"], found["map"]) == (0.25, 0.5, 0.5, 0.25)
    assert found["f1"] == pytest.approx(1 / 3)
    assert found["f2"] == pytest.approx(5 * 0.125 / 1.5)
    assert found["ndcg"] == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))


def test_grades_make_the_better_first_worth_more() -> None:
    grades = {"a": 3, "b": 1}
    assert score(["a", "b"], {"a", "b"}, grades, 2)["ndcg"] == pytest.approx(1.0)
    assert score(["b", "a"], {"a", "b"}, grades, 2)["ndcg"] < 1.0


@pytest.mark.parametrize(("found", "relevant"), [([], {"a"}), (["a"], set()), ([], set())])
def test_nothing_found_or_nothing_to_find_scores_zero(found: list[str], relevant: set[str]) -> None:
    assert set(score(found, relevant, {}, 5).values()) == {0.0}


def test_the_mean_holds_the_metrics_wanted() -> None:
    scores = [score(["a"], {"a"}, {}, 1), score(["x"], {"a"}, {}, 1)]
    assert mean(scores, ["recall", "mrr"]) == {"recall": 0.5, "mrr": 0.5}
    assert mean([], ["recall"]) == {}


def test_labels_are_right_wrong_or_withheld() -> None:
    scores = label_scores(["shoe", "hat", None, None], ["shoe", "shoe", None, "hat"])
    assert scores == {"label_accuracy": 0.5, "false_positive_rate": 0.666667}
    assert label_scores([], []) == {}
    assert label_scores(["shoe"], [None]) == {"label_accuracy": 0.0, "false_positive_rate": 0.0}
