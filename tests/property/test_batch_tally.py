"""A batch's status and tally: they agree with each other, whatever states its objects are in."""

from hypothesis import given
from hypothesis import strategies as st

from services.common.database.batches.tally import ENDED, PENDING, Tally, status_of
from services.gateway.batches.views import PERMANENT, RESOURCE, TRANSIENT, failure_kind

STATES = ("pending", "processing", "completed", "failed", "skipped", "lost")


@st.composite
def tallies(draw: st.DrawFn) -> Tally:
    counts = {state: draw(st.integers(0, 3)) for state in STATES}
    return Tally(total=sum(counts.values()), **counts)


@given(tallies())
def test_every_object_is_accounted_for_unless_one_is_lost(tally: Tally) -> None:
    assert tally.is_balanced == (tally.lost == 0)
    assert tally.accounted + tally.lost == tally.total


@given(tallies())
def test_a_batch_has_ended_when_nothing_is_left_to_do(tally: Tally) -> None:
    assert (status_of(tally) in ENDED) == tally.is_over == (tally.pending + tally.processing == 0)
    assert status_of(tally, is_loaded=False) not in ENDED


@given(tallies())
def test_how_it_ended_tells_whether_anything_went_wrong(tally: Tally) -> None:
    status, bad = status_of(tally), tally.failed + tally.lost
    assert (status == "COMPLETED") == (tally.is_over and not bad)
    assert (status == "FAILED") == (tally.is_over and bad == tally.total > 0)
    assert (status == PENDING) == (tally.pending == tally.total > 0)


@given(st.text() | st.none())
def test_any_reason_is_of_a_known_kind(reason: str | None) -> None:
    assert failure_kind(reason) in (TRANSIENT, PERMANENT, RESOURCE)
    assert failure_kind(f"{reason} (tried 5 times)") in (TRANSIENT, RESOURCE)
