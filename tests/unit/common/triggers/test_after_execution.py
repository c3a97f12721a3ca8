"""What the end of an execution means for its trigger."""

import pytest

from services.common.triggers.after_execution import MOST_FAILURES, Standing, standing_after

SOUND = Standing(consecutive_failures=0, execution_count=3)
SHAKY = Standing(consecutive_failures=MOST_FAILURES - 1, execution_count=3)


@pytest.mark.parametrize("status", ["COMPLETED", "COMPLETED_WITH_ERRORS"])
def test_success_clears_failures(status: str) -> None:
    assert standing_after(status, SHAKY) == Standing(consecutive_failures=0, execution_count=4)


def test_one_failure_too_many_ends_it() -> None:
    assert not standing_after("FAILED", SOUND).gives_up
    after = standing_after("FAILED", SHAKY)
    assert (after.gives_up, after.consecutive_failures) == (True, MOST_FAILURES)


def test_what_was_canceled_says_nothing() -> None:
    assert standing_after("CANCELED", SHAKY) == SHAKY
