"""What an answer means, when a delivery is tried again, and what that says of the receiver."""

from datetime import UTC, datetime, timedelta

import pytest

from services.worker.webhooks.channels.response_outcome import of_answer, shortened
from services.worker.webhooks.delivery_retries import settle
from services.worker.webhooks.delivery_types import Lane, Outcome, Place, Result
from services.worker.webhooks.receiver_health import Health, Limits, after

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TABLE = (5.0, 300.0)
AGAIN = Outcome(verdict="again", error="The receiver answered 500.")
DONE = Outcome(verdict="delivered")
LIMITS = Limits(failures=3, seconds=60)


@pytest.mark.parametrize(
    ("status", "verdict", "is_gone"),
    [
        (200, "delivered", False),
        (204, "delivered", False),
        (299, "delivered", False),
        (301, "again", False),
        (304, "again", False),
        (400, "again", False),
        (404, "again", False),
        (410, "over", True),
        (429, "again", False),
        (500, "again", False),
        (599, "again", False),
    ],
)
def test_only_a_2xx_is_a_delivery_and_only_410_a_farewell(status: int, verdict: str, is_gone: bool) -> None:
    outcome = of_answer(status, None, "", NOW)
    assert (outcome.verdict, outcome.is_gone, outcome.response_status) == (verdict, is_gone, status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("Sun, 01 Mar 2026 12:01:00 GMT", 60),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0),
        ("999999999999999999", 86_400),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86_400),
        ("soon", 0),
        ("-5", 0),
        ("٣", 0),
        ("Sun, 01 Mar 99999999 12:01:00 GMT", 0),
        ("", 0),
        (None, 0),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_a_day(header: str | None, seconds: float) -> None:
    assert of_answer(503, header, "", NOW).wait_seconds == seconds


def test_only_429_and_503_may_ask_to_wait() -> None:
    assert of_answer(429, "30", "", NOW).wait_seconds == 30
    assert of_answer(500, "30", "", NOW).wait_seconds == 0


def test_the_answer_is_shown_in_one_line_that_can_be_stored() -> None:
    outcome = of_answer(500, None, "a\x00b\n\tc" + "d" * 5000, NOW)
    assert outcome.error is not None
    assert outcome.error.startswith("The receiver answered 500. a b c")
    assert len(outcome.error) == 500
    assert shortened("\u202etxt") == "txt"


def test_failures_are_tried_again_by_the_table_and_a_little_later() -> None:
    assert settle(AGAIN, 1, TABLE, 0.0) == ("pending", 5.0)
    assert settle(AGAIN, 2, TABLE, 0.5) == ("pending", 315.0)
    assert settle(AGAIN, 3, TABLE, 0.0) == ("failed", 0.0)


def test_what_is_over_is_not_tried_again() -> None:
    assert settle(Outcome(verdict="over"), 1, TABLE, 0.0) == ("failed", 0.0)
    assert settle(Outcome(verdict="canceled"), 1, TABLE, 0.0) == ("canceled", 0.0)
    assert settle(DONE, 9, TABLE, 0.0) == ("delivered", 0.0)


def test_a_receiver_that_asks_for_more_time_gets_it_and_never_less_than_the_table() -> None:
    assert settle(Outcome(verdict="again", wait_seconds=60), 1, TABLE, 0.0) == ("pending", 60)
    assert settle(Outcome(verdict="again", wait_seconds=60), 2, TABLE, 0.0) == ("pending", 300)


def results(*outcomes: Outcome, seconds: float = 30) -> list[Result]:
    """Attempts so many seconds apart."""
    lane = Lane(place=Place(receiver="wh_1", channel=0), subject="s")
    return [
        Result(
            lane=lane,
            delivery_id=f"del_{number}",
            status="pending",
            outcome=outcome,
            ended_at=NOW + timedelta(seconds=number * seconds),
        )
        for number, outcome in enumerate(outcomes)
    ]


def test_failures_count_in_their_order_and_a_success_ends_them() -> None:
    health = after(Health(), reversed(results(AGAIN, AGAIN)), LIMITS)
    assert (health.failures, health.first_failure_at, health.cause) == (2, NOW, AGAIN.error)
    assert health.last_failure_at == NOW + timedelta(seconds=30)
    better = after(health, results(DONE), LIMITS)
    assert (better.failures, better.first_failure_at, better.cause) == (0, None, AGAIN.error)


def test_a_webhook_is_paused_after_enough_failures_over_enough_time() -> None:
    assert after(Health(), results(AGAIN, AGAIN), LIMITS).reason is None
    assert after(Health(), results(*[AGAIN] * 20, seconds=1), LIMITS).reason is None
    reason = after(Health(), results(AGAIN, AGAIN, AGAIN), LIMITS).reason
    assert reason is not None
    assert "3 deliveries failed in a row" in reason
    assert "resume" in reason


def test_a_receiver_that_is_gone_is_told_nothing_more() -> None:
    health = after(Health(), results(of_answer(410, None, "", NOW)), LIMITS)
    assert health.is_gone
    assert health.reason is not None
    assert "410" in health.reason


def test_what_the_receiver_cannot_help_is_shown_and_not_counted() -> None:
    assert after(Health(), results(Outcome(verdict="canceled")), LIMITS) == Health()
    ours = Outcome(verdict="over", error="not_configured", blames=False)
    assert after(Health(), results(ours), LIMITS) == Health(last_failure_at=NOW, cause="not_configured")
