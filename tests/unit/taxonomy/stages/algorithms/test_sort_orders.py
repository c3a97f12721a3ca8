"""Sorting and rescaling."""

from dataclasses import replace

import pytest

from services.taxonomy.stages.algorithms.sort_orders import ByField, ByRelevance, Normalize
from tests.unit.taxonomy.candidates import candidate, names

MIXED = (
    candidate("a", 0.9, v=2),
    candidate("b", 0.8, v=None),
    candidate("c", 0.7, v="x"),
    candidate("d", 0.6, v=1.5),
    candidate("e", 0.5, v=True),
)


@pytest.mark.parametrize(
    ("descending", "nulls_last", "order"),
    [(False, True, "c d a e b"), (True, True, "e a d c b"), (False, False, "b c d a e"), (True, False, "e a d c b")],
)
def test_values_of_all_kinds_sort_as_in_the_database(descending: bool, nulls_last: bool, order: str) -> None:
    by = ByField(field="v", descending=descending, nulls_last=nulls_last)
    assert names(by(MIXED).candidates) == order


def test_equal_values_keep_their_order() -> None:
    found = tuple(candidate(name, v=1) for name in "abc")
    assert names(ByField(field="v", descending=True, nulls_last=True)(found).candidates) == "a b c"


@pytest.mark.parametrize(
    ("missing", "order"), [("bottom", "a d b c e"), ("top", "b c e a d"), ("preserve", "a b c d e")]
)
def test_candidates_without_a_score_stand_where_they_are_told(missing: str, order: str) -> None:
    assert names(ByRelevance(field="v", descending=True, missing=missing)(MIXED).candidates) == order


@pytest.mark.parametrize(
    ("method", "scores"),
    [
        ("min_max", [1.0, 0.0, 0.5]),
        ("z_score", [1.224745, -1.224745, 0.0]),
        ("l2", [0.801784, 0.267261, 0.534522]),
        ("softmax", [0.665241, 0.090031, 0.244728]),
    ],
)
def test_scores_on_one_scale(method: str, scores: list[float]) -> None:
    found = tuple(candidate(str(score), score) for score in (3.0, 1.0, 2.0))
    rescaled = [each.score for each in Normalize(method=method)(found).candidates]
    assert rescaled == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("method", ["min_max", "z_score", "l2", "softmax"])
def test_nobody_and_equals_can_be_rescaled(method: str) -> None:
    assert Normalize(method=method)(()).candidates == ()
    assert len(Normalize(method=method)((candidate("a", 0.0), candidate("b", 0.0))).candidates) == 2


def test_declared_times_sort_as_instants() -> None:
    late, early = "2026-01-01T09:00:00Z", "2026-01-01T10:00:00+02:00"
    found = (candidate("late", 0.5, taken=late), candidate("early", 0.4, taken=early))
    by = ByField(field="taken", descending=False, nulls_last=True)
    assert [each.document_id for each in by(found).candidates] == ["late", "early"]
    declared = replace(by, times=frozenset({"col"}))
    assert [each.document_id for each in declared(found).candidates] == ["early", "late"]
