"""What a record says of a run that ended well but did not give what its object's owner may expect."""

from services.worker.domain import Outcome, Part

NOTHING_FOUND = "NOTHING_FOUND: there was nothing to make a document of."


def note_of(outcome: Outcome) -> str | None:
    """That nothing was found, or that some of it has no vector, with the reason; None when all is as it should be."""
    if not outcome.parts:
        return NOTHING_FOUND
    bare = [part for part in outcome.parts if part.obstacle is not None]
    return _bare(bare, len(outcome.parts)) if bare else None


def _bare(bare: list[Part], total: int) -> str:
    obstacle = bare[0].obstacle
    assert obstacle is not None
    share = "" if total == 1 else f" ({len(bare)} of {total} parts)"
    return f"{obstacle.reason}{share}: {obstacle.message} No machine labels it, and nothing is labelled by it."
