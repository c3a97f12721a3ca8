"""What the states of a batch's objects come to: every object is in one of them, and none is unaccounted for."""

from dataclasses import dataclass

DRAFT, PENDING, PROCESSING = "DRAFT", "PENDING", "PROCESSING"
COMPLETED, COMPLETED_WITH_ERRORS, FAILED, CANCELED = "COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"
ENDED = (COMPLETED, COMPLETED_WITH_ERRORS, FAILED, CANCELED)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many objects of a batch are in each state; skipped ones were done already, canceled or deleted."""

    total: int = 0
    pending: int = 0
    processing: int = 0
    completed: int = 0
    failed: int = 0
    skipped: int = 0
    lost: int = 0

    @property
    def accounted(self) -> int:
        """Objects whose state is known."""
        return self.pending + self.processing + self.completed + self.failed + self.skipped

    @property
    def is_balanced(self) -> bool:
        """Whether every object is accounted for."""
        return self.accounted == self.total

    @property
    def ended(self) -> int:
        """Objects that nothing more will happen to."""
        return self.completed + self.failed + self.skipped + self.lost

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.ended == self.total


def status_of(tally: Tally, *, is_loaded: bool = True) -> str:
    """The status of a submitted batch; one that still gets objects is never over."""
    if not (is_loaded and tally.is_over):
        begun = tally.processing or tally.ended
        return PROCESSING if begun else PENDING
    bad = tally.failed + tally.lost
    if not bad:
        return COMPLETED
    return COMPLETED_WITH_ERRORS if tally.completed + tally.skipped else FAILED
