"""Deliveries to healthy receivers: all of them, in order, once while nothing goes wrong."""

from collections import defaultdict

import pytest

from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.integration.worker.webhooks.receivers import Receiver, after, receiving


def by_subject(receiver: Receiver) -> dict[str, list[str]]:
    """The events that came about each subject, in order."""
    found = defaultdict(list)
    for call in receiver.calls:
        found[call.json["subject"]["id"]].append(call.json["event_id"])
    return found


async def test_an_event_is_told_as_json(delivery_bench: DeliveryBench) -> None:
    async with receiving() as receiver, delivery_bench.deliverer():
        webhook = await delivery_bench.to_url(
            receiver.url, headers={"X-Mine": "1", "content-type": "text/plain"}, method="PUT"
        )
        [event_id] = await delivery_bench.happen(webhook, ["obj_1"], {"bucket_id": "bkt_1"})
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"], row["response_status"], row["error"]) == ("delivered", 1, 200, None)
    [call] = receiver.calls
    assert (call.method, call.headers["X-Mine"], call.headers["webhook-id"]) == ("PUT", "1", event_id)
    assert [value for name, value in call.headers.items() if name.lower() == "content-type"] == ["text/plain"]
    assert "webhook-signature" not in call.headers
    told = call.json
    assert told.pop("occurred_at").endswith("+00:00")
    assert told == {
        "event_id": event_id,
        "event_type": "object.created",
        "namespace_id": "ns_1",
        "subject": {"type": "object", "id": "obj_1"},
        "metadata": {"bucket_id": "bkt_1"},
    }
    assert await delivery_bench.lanes() == 0


@pytest.mark.parametrize("subjects", [300, 10])
async def test_events_of_a_subject_come_in_order_and_once(delivery_bench: DeliveryBench, subjects: int) -> None:
    async with receiving(after(0.005)) as receiver:
        webhook = await delivery_bench.to_url(receiver.url)
        names = [f"obj_{number % subjects}" for number in range(300)]
        event_ids = await delivery_bench.happen(webhook, names)
        async with delivery_bench.deliverer():
            await delivery_bench.ended(300)
    expected = defaultdict(list)
    for name, event_id in zip(names, event_ids, strict=True):
        expected[name].append(event_id)
    assert by_subject(receiver) == expected
    assert 1 < receiver.most_at_once <= 8
    assert len(receiver.connections) < 50
