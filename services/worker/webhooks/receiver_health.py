"""How the deliveries of a webhook fare, and when it is to be left alone."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from services.worker.webhooks.delivery_types import Result

GONE = (
    "The receiver answered 410 Gone, so the webhook was switched off. "
    "Correct its channels and set is_active to true to go on."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A webhook is paused after at least `failures` in a row over at least `seconds`."""

    failures: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Failures since the last success; `reason` says why the webhook is not told any more."""

    failures: int = 0
    first_failure_at: datetime | None = None
    last_failure_at: datetime | None = None
    cause: str | None = None
    reason: str | None = None
    is_gone: bool = False


def after(health: Health, results: Iterable[Result], limits: Limits) -> Health:
    """The health after these attempts, in their order."""
    for result in sorted(results, key=lambda each: each.ended_at):
        health = _after_one(health, result, limits)
    return health


def _after_one(health: Health, result: Result, limits: Limits) -> Health:
    outcome = result.outcome
    if outcome.verdict == "canceled":
        return health
    if not outcome.blames:
        # No fault of the receiver's, which is no reason to leave it alone, and yet it hears nothing.
        return replace(health, last_failure_at=result.ended_at, cause=outcome.error)
    if outcome.verdict == "delivered":
        # What the last failure was stays to be seen; it is over.
        return replace(health, failures=0, first_failure_at=None)
    since = health.first_failure_at or result.ended_at
    failed = replace(
        health,
        failures=health.failures + 1,
        first_failure_at=since,
        last_failure_at=result.ended_at,
        cause=outcome.error,
    )
    if outcome.is_gone:
        return replace(failed, reason=GONE, is_gone=True)
    long_enough = result.ended_at - since >= timedelta(seconds=limits.seconds)
    if failed.reason is None and failed.failures >= limits.failures and long_enough:
        return replace(failed, reason=_paused(failed))
    return failed


def _paused(health: Health) -> str:
    since = health.first_failure_at.isoformat(timespec="seconds") if health.first_failure_at else ""
    return (
        f"Paused: {health.failures} deliveries failed in a row since {since}. Last: {health.cause} "
        "Mend the receiver, then resume the webhook: what waits is delivered then."
    )
