"""What the end of an execution means for its trigger."""

from dataclasses import dataclass

# So many failures in a row, and a trigger waits for somebody to look after it.
MOST_FAILURES = 5
SUCCEEDED = ("COMPLETED", "COMPLETED_WITH_ERRORS")
FAILED, CANCELED, SKIPPED = "FAILED", "CANCELED", "SKIPPED"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a trigger stands after an execution; `gives_up` when it has failed once too often."""

    consecutive_failures: int
    execution_count: int
    gives_up: bool = False


def standing_after(status: str, before: Standing) -> Standing:
    """Success starts the count of failures again; what was canceled says nothing either way."""
    if status in SUCCEEDED:
        return Standing(consecutive_failures=0, execution_count=before.execution_count + 1)
    if status != FAILED:
        return before
    failures = before.consecutive_failures + 1
    return Standing(
        consecutive_failures=failures,
        execution_count=before.execution_count,
        gives_up=failures >= MOST_FAILURES,
    )


def reason_of(failures: int, error: str | None) -> str:
    """Why a trigger has given up."""
    return f"Gave up after {failures} failures in a row; resume it when the cause is gone. Last: {error}"
