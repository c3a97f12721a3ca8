"""When a delivery that failed is tried again: by the published table, never before it, and a little later at random."""

from collections.abc import Sequence

from services.worker.webhooks.delivery_types import Outcome, Status

JITTER = 0.1


def settle(outcome: Outcome, attempts: int, table: Sequence[float], chance: float) -> tuple[Status, float]:
    """What becomes of a delivery after its attempt number `attempts`, and the seconds until the next one.

    `chance` in 0..1 spreads deliveries that failed together. A receiver that asks for more time gets it.
    """
    match outcome.verdict:
        case "delivered":
            return "delivered", 0.0
        case "canceled":
            return "canceled", 0.0
        case "again" if attempts <= len(table):
            return "pending", max(table[attempts - 1], outcome.wait_seconds) * (1 + JITTER * chance)
        case _:
            return "failed", 0.0
