"""Whatever receivers answer, each delivery is made or ends as failed, and a lane never overtakes itself."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.database.pool import Pool
from services.common.ids import new_id
from services.common.settings import Settings
from services.worker.webhooks.channels.send import Sender
from services.worker.webhooks.claim_lanes import Claims
from services.worker.webhooks.deliverer import Deliverer
from services.worker.webhooks.delivery_types import Delivery, Outcome, Target
from services.worker.webhooks.lanes_in_hand import Bounds
from services.worker.webhooks.receiver_health import Limits
from services.worker.webhooks.record_results import Recorder
from tests.integration.worker.webhooks.delivery_bench import DeliveryBench

Answer = Literal["delivered", "again", "over"]
TABLE = (0.0, 0.0)
# The subject of each event, and what its receiver answers to one attempt after the other, at last always the same.
PLANS = st.lists(
    st.tuples(st.integers(0, 3), st.lists(st.sampled_from(["delivered", "again", "over"]), min_size=1, max_size=4)),
    min_size=1,
    max_size=25,
)
BOUNDS = st.builds(
    Bounds,
    lanes=st.integers(1, 5),
    doubtful_lanes=st.integers(1, 3),
    lanes_at_place=st.integers(1, 5),
    sends=st.integers(1, 3),
    sends_at_place=st.integers(1, 3),
)


@dataclass
class Scripted:
    """A channel that answers by its script, and remembers the attempts about each subject."""

    answers: dict[str, list[Answer]]
    attempts: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    async def send(self, target: Target, delivery: Delivery) -> Outcome:
        """The next answer."""
        event_id = delivery.event.event_id
        tried = self.attempts[delivery.event.subject_id]
        answers = self.answers[event_id]
        answer = answers[min(tried.count(event_id), len(answers) - 1)]
        tried.append(event_id)
        await asyncio.sleep(0)
        return Outcome(verdict=answer, error=None if answer == "delivered" else answer)


def expected(answers: list[Answer]) -> tuple[str, int]:
    """How a delivery ends, and after how many attempts."""
    for attempt in range(1, len(TABLE) + 2):
        match answers[min(attempt, len(answers)) - 1]:
            case "delivered":
                return "delivered", attempt
            case "over":
                return "failed", attempt
    return "failed", len(TABLE) + 1


def deliverer(pool: Pool, channel: Scripted, bounds: Bounds) -> Deliverer:
    """One worker's."""
    worker = new_id("wrk")
    recorder = Recorder(pool, worker, Limits(failures=10_000, seconds=10_000))
    claims, sender = Claims(pool, worker, 60.0), Sender({"webhook": channel})
    return Deliverer(claims, recorder, sender, table=TABLE, lease_seconds=60.0, drain_seconds=5.0, bounds=bounds)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(plan=PLANS, bounds=BOUNDS, workers=st.integers(1, 2))
async def test_every_event_is_delivered_or_fails_in_the_order_of_its_lane(
    pool: Pool, plan: list[tuple[int, list[Answer]]], bounds: Bounds, workers: int
) -> None:
    bench = DeliveryBench(pool=pool, settings=Settings())
    await pool.execute("TRUNCATE webhooks, events, deliveries, delivery_lanes CASCADE")
    webhook = await bench.to_url("http://receiver.example/")
    subjects = [f"obj_{subject}" for subject, _ in plan]
    event_ids = await bench.happen(webhook, subjects)
    channel = Scripted({event_id: answers for event_id, (_, answers) in zip(event_ids, plan, strict=True)})
    deliverers = [deliverer(pool, channel, bounds) for _ in range(workers)]
    while await bench.lanes():
        await asyncio.gather(*(each.step() for each in deliverers))
    rows = await bench.rows()
    outcomes = [(row["status"], row["attempts"]) for row in rows]
    assert outcomes == [expected(answers) for _, answers in plan]
    in_order: dict[str, list[str]] = defaultdict(list)
    for subject, event_id, (_, attempts) in zip(subjects, event_ids, outcomes, strict=True):
        in_order[subject] += [event_id] * attempts
    assert channel.attempts == in_order
