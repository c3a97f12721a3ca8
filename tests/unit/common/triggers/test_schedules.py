"""When triggers are due: on the clocks of their time zone, whatever those do, and never for what was missed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.common.errors import InvalidArgumentError
from services.common.triggers.cron import next_cron, read_cron
from services.common.triggers.schedules import EventSchedule, first_time, next_time, read_schedule

BERLIN = "Europe/Berlin"
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "after", "due"),
    [
        ("0 2 * * *", "UTC", "2026-05-01T02:00", "2026-05-02T02:00"),
        ("0 2 * * *", BERLIN, "2026-05-01T00:00", "2026-05-02T00:00"),
        ("0 2 * * *", BERLIN, "2026-01-01T00:00", "2026-01-01T01:00"),
        # The hour that spring leaves out: a job at 2:30 runs as the clocks jump to three.
        ("30 2 * * *", BERLIN, "2026-03-28T12:00", "2026-03-29T01:00"),
        ("30 2 * * *", BERLIN, "2026-03-29T01:00", "2026-03-30T00:30"),
        # The hour that autumn repeats: a job at 2:30 runs in the first of them alone.
        ("30 2 * * *", BERLIN, "2026-10-24T12:00", "2026-10-25T00:30"),
        ("30 2 * * *", BERLIN, "2026-10-25T00:30", "2026-10-26T01:30"),
        # What runs every hour or oftener misses no hour and adds none.
        ("0 * * * *", BERLIN, "2026-10-25T00:00", "2026-10-25T01:00"),
        ("@hourly", BERLIN, "2026-03-29T00:00", "2026-03-29T01:00"),
        ("*/30 * * * *", BERLIN, "2026-10-25T00:30", "2026-10-25T01:00"),
        # Midnight itself is left out where the clocks change then.
        ("0 0 * * *", "Asia/Beirut", "2026-03-28T12:00", "2026-03-28T22:00"),
        ("0 9 * * *", "Asia/Kolkata", "2026-05-01T00:00", "2026-05-01T03:30"),
        ("0 0 29 2 *", "UTC", "2026-05-01T00:00", "2028-02-29T00:00"),
    ],
)
def test_cron_keeps_to_the_clocks_of_its_zone(expression: str, zone: str, after: str, due: str) -> None:
    assert next_cron(expression, zone, at(after)) == at(due)


@pytest.mark.parametrize("zone", [BERLIN, "America/New_York", "Australia/Lord_Howe", "UTC"])
def test_a_daily_job_runs_once_a_day_all_year(zone: str) -> None:
    moment, days = at("2026-01-01T00:00"), []
    while (moment := next_cron("30 2 * * *", zone, moment)) < at("2027-01-01T00:00"):
        days.append(moment.astimezone(ZoneInfo(zone)).date())
    assert len(days) == len(set(days)) == 365


@pytest.mark.parametrize("expression", ["0 2 * * *", "*/5 8-18 * * MON-FRI", "@daily", "0 0 L * *", "0 0 * * 5#2"])
def test_usual_expressions_are_read(expression: str) -> None:
    assert read_cron(f"  {expression}  ") == expression


@pytest.mark.parametrize(
    "expression",
    [
        *("", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "0 0 31 2 *", "R * * * *", "H H * * *"),
        *("*/0 * * * *", "@reboot", "0 2 * * mon-", "\x00 * * * *", "٣ * * * *", "0 2 ** * *", "9" * 190 + " * * * *"),
    ],
)
def test_what_can_never_come_about_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"must have five fields|ever comes about"):
        read_cron(expression)


def test_an_interval_is_reckoned_from_now_and_may_start_at_once() -> None:
    late = read_schedule("interval", {"interval_seconds": 60})
    assert first_time(late, NOW) == next_time(late, NOW) == NOW + timedelta(seconds=60)
    assert first_time(read_schedule("interval", {"interval_seconds": 60, "start_immediately": True}), NOW) == NOW


def test_conditions_are_looked_at_from_the_start_and_events_have_no_time() -> None:
    condition = read_schedule("conditional", {"condition_type": "drift", "threshold": 0.3})
    assert (first_time(condition, NOW), next_time(condition, NOW)) == (NOW, NOW + timedelta(hours=1))
    event = read_schedule("event", {"event_type": "documents_added", "event_threshold": 3})
    assert first_time(event, NOW) is None


def test_the_contracts_word_for_an_event_and_its_type_are_one() -> None:
    for name in ("documents_added", "document.created"):
        schedule = read_schedule("event", {"event_type": name, "event_threshold": 3, "collection_id": "c"})
        assert isinstance(schedule, EventSchedule)
        assert (schedule.counted, schedule.named) == ("document.created", ["c"])


@pytest.mark.parametrize(
    ("kind", "given", "metric"), [("drift", {}, "cosine_drift"), ("volume", {"metric": None}, "document_count")]
)
def test_a_condition_has_a_usual_metric(kind: str, given: dict[str, Any], metric: str) -> None:
    schedule = read_schedule("conditional", {"condition_type": kind, "threshold": 1, **given})
    assert schedule.model_dump()["metric"] == metric


def test_a_metric_must_fit_its_condition() -> None:
    with pytest.raises(InvalidArgumentError, match="cosine_drift"):
        read_schedule("conditional", {"condition_type": "volume", "threshold": 1, "metric": "cosine_drift"})


def test_what_is_wrong_with_a_schedule_is_said_in_a_plain_sentence() -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        read_schedule("cron", {"cron_expression": "* * * *"})
    assert caught.value.message.startswith("schedule_config.cron_expression: must have five fields")
