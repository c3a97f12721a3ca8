"""Counters lose and double nothing, however events come; schedules always lie ahead; any config is read or refused."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.errors import InvalidArgumentError
from services.common.triggers.actions import FORMS as ACTIONS
from services.common.triggers.actions import read_action
from services.common.triggers.cron import next_cron, read_cron
from services.common.triggers.schedules import FORMS as SCHEDULES
from services.common.triggers.schedules import crossing, next_time, read_schedule

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))
FIELD = st.from_regex(r"\A(\*|[0-9]{1,2})(-[0-9]{1,2})?(/[0-9]{1,2})?(,[0-9]{1,2})?\Z")
ZONES = sorted(available_timezones())


@given(windows=st.lists(st.integers(0, 50), max_size=40), threshold=st.integers(1, 20), data=st.data())
def test_a_counter_fires_for_every_threshold_however_events_are_split(
    windows: list[int], threshold: int, data: st.DataObject
) -> None:
    counter, fired = 0, 0
    for seen in windows:
        counter += seen
        if data.draw(st.booleans(), label="may fire"):
            crossed = crossing(counter, threshold)
            counter, fired = crossed.rest, fired + crossed.times
    last = crossing(counter, threshold)
    assert (fired + last.times, last.rest) == divmod(sum(windows), threshold)


def _configs(forms: Any) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    def of(kind: str) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
        names = st.sampled_from(sorted(forms[kind].model_fields))
        return st.tuples(st.just(kind), st.dictionaries(names, JSON, max_size=6))

    return st.sampled_from(sorted(forms)).flatmap(of)


@given(given_=_configs(SCHEDULES))
def test_any_schedule_is_kept_or_refused_by_field(given_: tuple[str, dict[str, Any]]) -> None:
    try:
        schedule = read_schedule(*given_)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("schedule_config")
    else:
        assert read_schedule(given_[0], schedule.model_dump(exclude_none=True)) == schedule


@given(given_=_configs(ACTIONS))
def test_any_action_is_read_or_refused_by_field(given_: tuple[str, dict[str, Any]]) -> None:
    try:
        action = read_action(*given_)
    except InvalidArgumentError as error:
        assert error.details["path"].startswith("action_config")
    else:
        assert read_action(given_[0], action.model_dump(exclude_none=True)) == action


@settings(deadline=None)
@given(fields=st.lists(FIELD, min_size=5, max_size=5), zone=st.sampled_from(ZONES), now=MOMENTS)
def test_what_is_read_as_cron_lies_ahead_in_every_zone(fields: list[str], zone: str, now: datetime) -> None:
    try:
        expression = read_cron(" ".join(fields))
    except ValueError:
        return
    due = next_cron(expression, zone, now)
    assert now < due < now + timedelta(days=366 * 41)


@given(seconds=st.integers(10, 31_622_400), now=MOMENTS)
def test_the_next_time_is_one_interval_ahead_whatever_was_missed(seconds: int, now: datetime) -> None:
    assert next_time(read_schedule("interval", {"interval_seconds": seconds}), now) == now + timedelta(seconds=seconds)
