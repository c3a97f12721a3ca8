"""Whatever becomes of a condition: no two firings inside a cooldown, and one for each rise outside of it."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.worker.alerts.firing_rule import Rise, Rule, look

START = datetime(2026, 1, 1, tzinfo=UTC)
QUIET = Rise(is_raised=False, is_told=False, last_fired_at=None)
Looks = list[tuple[int, bool]]
looks = st.lists(st.tuples(st.integers(0, 40), st.booleans()), max_size=60)


def play(pauses: Looks, cooldown: int, renotify: int | None) -> list[tuple[int, bool, bool]]:
    """(second, holds, fires) of each look; pauses are the seconds since the look before."""
    rule = Rule(
        cooldown=timedelta(seconds=cooldown), renotify=None if renotify is None else timedelta(seconds=renotify)
    )
    rise, second, seen = QUIET, 0, []
    for pause, holds in pauses:
        second += pause
        step = look(rise, holds=holds, now=START + timedelta(seconds=second), rule=rule)
        rise = step.rise
        seen.append((second, holds, step.fires))
    return seen


@given(looks, st.integers(0, 100), st.none() | st.integers(1, 100))
def test_nothing_fires_inside_the_cooldown_or_while_the_condition_does_not_hold(
    pauses: Looks, cooldown: int, renotify: int | None
) -> None:
    seen = play(pauses, cooldown, renotify)
    fired = [second for second, _, fires in seen if fires]
    assert all(later - earlier >= cooldown for earlier, later in pairwise(fired))
    assert all(holds for _, holds, fires in seen if fires)


@given(looks, st.integers(0, 100), st.none() | st.integers(1, 100))
def test_every_rise_that_lasts_past_the_cooldown_is_told_at_the_first_look_then(
    pauses: Looks, cooldown: int, renotify: int | None
) -> None:
    told, last = False, None
    for second, holds, fires in play(pauses, cooldown, renotify):
        is_free = last is None or second - last >= cooldown
        if holds and not told and is_free:
            assert fires
        told = holds and (told or fires)
        last = second if fires else last


@given(looks, st.integers(0, 100))
def test_without_reminders_a_rise_is_told_once(pauses: Looks, cooldown: int) -> None:
    since_it_rose = 0
    for _, holds, fires in play(pauses, cooldown, None):
        since_it_rose = since_it_rose + fires if holds else 0
        assert since_it_rose <= 1


@given(looks, st.integers(0, 100), st.integers(1, 100))
def test_reminders_keep_their_distance(pauses: Looks, cooldown: int, renotify: int) -> None:
    last: int | None = None
    for second, holds, fires in play(pauses, cooldown, renotify):
        if fires and last is not None:
            assert second - last >= renotify
        last = None if not holds else second if fires else last
