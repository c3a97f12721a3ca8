"""What conditions measure, and how results of retrievers are judged."""

from typing import Any

import pytest

from services.common.triggers.actions import Acceptance
from services.worker.triggers.acceptance_criteria import breaches
from services.worker.triggers.document_drift import change, drift


def test_drift_is_the_largest_of_all_features_that_are_in_both() -> None:
    before = {"a": [1.0, 0.0], "b": [1.0, 0.0], "gone": [1.0, 0.0]}
    now = {"a": [2.0, 0.0], "b": [0.0, 1.0], "new": [0.0, 1.0]}
    assert drift(before, now) == pytest.approx(1.0)
    assert drift({"a": [1.0, 0.0]}, {"a": [-1.0, 0.0]}) == pytest.approx(2.0)


def test_a_mean_without_direction_is_like_itself_alone() -> None:
    assert drift({"a": [0.0, 0.0]}, {"a": [0.0, 0.0]}) == 0.0
    assert drift({"a": [0.0, 0.0]}, {"a": [1.0, 0.0]}) == 1.0


def test_nothing_in_common_is_no_drift() -> None:
    assert drift({}, {"a": [1.0]}) is None


def test_change_counts_documents_or_their_share() -> None:
    assert change("document_count", 10, 4) == 6.0
    assert change("relative_change", 10, 4) == pytest.approx(0.6)
    assert change("relative_change", 0, 4) == 4.0


def test_every_breach_is_named() -> None:
    wanted = Acceptance(max_total_time_ms=10, min_results=2, judge_field="verdict.ok", min_pass_ratio=0.5)
    assert len(breaches(wanted, total_time_ms=11, documents=[{"verdict": "yes"}])) == 3
    passing: list[dict[str, Any]] = [{"verdict": {"ok": True}}, {"verdict": {"ok": 0}}]
    assert breaches(wanted, total_time_ms=10, documents=passing) == []


def test_no_documents_pass_no_judge() -> None:
    assert breaches(Acceptance(judge_field="ok", min_pass_ratio=0.1), total_time_ms=0, documents=[])
    assert not breaches(Acceptance(judge_field="ok"), total_time_ms=0, documents=[])
