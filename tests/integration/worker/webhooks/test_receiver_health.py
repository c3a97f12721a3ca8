"""How a webhook fares is kept with it; one that fails for long, or is gone, is left alone and says why."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.integration.worker.webhooks.receivers import Receiver, answering, ok, receiving
from tests.support.waiting import until

SOON = {"webhook_pause_failures": 5, "webhook_pause_seconds": 0.0}


@asynccontextmanager
async def quiet(receiver: Receiver) -> AsyncIterator[None]:
    """Nothing reaches the receiver in the block, while a deliverer has ample time to call it."""
    before = len(receiver.calls)
    yield
    await asyncio.sleep(0.6)
    assert len(receiver.calls) == before


async def test_failures_are_counted_and_a_success_resets_them(delivery_bench: DeliveryBench) -> None:
    async def answer(request: web.Request, number: int) -> web.StreamResponse:
        return await (ok if number == 3 else answering(500))(request, number)

    async with receiving(answer) as receiver:
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.happen(webhook, ["obj_1"])
        async with delivery_bench.deliverer(webhook_retry_seconds=(0.01, 0.01, 600.0)):
            await delivery_bench.attempted(3)
            failing = await delivery_bench.health(webhook)
            await delivery_bench.pool.execute("UPDATE delivery_lanes SET due_at = now()")
            await delivery_bench.ended()
        healthy = await delivery_bench.health(webhook)
    assert failing["consecutive_failures"] == 3
    assert failing["first_failure_at"] < failing["last_failure_at"]
    assert failing["last_failure_cause"].startswith("The receiver answered 500.")
    assert (healthy["consecutive_failures"], healthy["first_failure_at"]) == (0, None)
    assert healthy["last_failure_at"] == failing["last_failure_at"]


async def test_a_webhook_that_fails_for_long_is_paused_and_goes_on_when_resumed(delivery_bench: DeliveryBench) -> None:
    async with receiving(answering(500)) as receiver, delivery_bench.deliverer(**SOON):
        webhook = await delivery_bench.to_url(receiver.url)
        event_ids = await delivery_bench.happen(webhook, ["obj_1", "obj_1", "obj_2"])
        paused = await until(lambda: delivery_bench.pool.fetchrow("SELECT * FROM webhooks WHERE paused_at IS NOT NULL"))
        await until(lambda: delivery_bench.pool.fetchval("SELECT every(claimed_by IS NULL) FROM delivery_lanes"))
        async with quiet(receiver):
            assert {row["status"] for row in await delivery_bench.rows()} == {"pending"}
        receiver.answer = ok
        called = len(receiver.calls)
        await delivery_bench.pool.execute(
            "UPDATE webhooks SET paused_at = NULL, consecutive_failures = 0, first_failure_at = NULL"
        )
        await delivery_bench.ended(3)
    assert paused["consecutive_failures"] >= 5
    assert paused["is_active"]
    assert "then resume the webhook" in paused["paused_reason"]
    assert sorted(receiver.event_ids[called:]) == sorted(event_ids)


async def test_410_switches_the_webhook_off(delivery_bench: DeliveryBench) -> None:
    async with receiving(answering(410)) as receiver, delivery_bench.deliverer():
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.happen(webhook, ["obj_1", "obj_1"])
        rows = await delivery_bench.ended()
        async with quiet(receiver):
            pass
        row = await delivery_bench.health(webhook)
    assert [(each["status"], each["attempts"]) for each in rows] == [("failed", 1), ("pending", 0)]
    assert not row["is_active"]
    assert "410 Gone" in row["paused_reason"]
    assert len(receiver.calls) == 1


@pytest.mark.parametrize("column", ["is_active = false", "paused_at = now()"])
async def test_a_webhook_that_is_off_is_not_told_and_its_deliveries_wait(
    delivery_bench: DeliveryBench, column: str
) -> None:
    async with receiving() as receiver, delivery_bench.deliverer():
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.pool.execute(f"UPDATE webhooks SET {column}")
        await delivery_bench.happen(webhook, ["obj_1"])
        async with quiet(receiver):
            pass
        await delivery_bench.pool.execute("UPDATE webhooks SET is_active = true, paused_at = NULL")
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"]) == ("delivered", 1)


async def test_what_is_replayed_is_sent_at_once(delivery_bench: DeliveryBench) -> None:
    async with receiving(answering(500)) as receiver, delivery_bench.deliverer(webhook_retry_seconds=()):
        await delivery_bench.happen(await delivery_bench.to_url(receiver.url), ["obj_1"])
        await delivery_bench.ended()
        receiver.answer = ok
        await delivery_bench.pool.execute("UPDATE deliveries SET status = 'pending', attempts = 0, ended_at = NULL")
        await until(lambda: delivery_bench.pool.fetchval("SELECT count(*) FROM deliveries WHERE status = 'delivered'"))
    assert len(set(receiver.event_ids)) == 1


RESUMED = "UPDATE webhooks SET last_failure_at = NULL, updated_at = now() WHERE webhook_id = $1"
MENDED = """
    UPDATE webhooks SET channels = jsonb_set(channels, '{0,configs,url}', $2), updated_at = now()
    WHERE webhook_id = $1"""


@pytest.mark.parametrize("is_resumed", [True, False])
async def test_what_failed_is_tried_at_once_when_the_webhook_is_resumed_or_mended(
    delivery_bench: DeliveryBench, *, is_resumed: bool
) -> None:
    async with receiving(answering(500)) as receiver, delivery_bench.deliverer(webhook_retry_seconds=(3600.0,)):
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.happen(webhook, ["obj_1"])
        await delivery_bench.attempted()
        receiver.answer = ok
        change = (RESUMED, webhook) if is_resumed else (MENDED, webhook, f"{receiver.url}/mended")
        await until(lambda: _free(delivery_bench))
        await delivery_bench.pool.execute(*change)
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"]) == ("delivered", 2)


async def _free(delivery_bench: DeliveryBench) -> bool:
    return bool(await delivery_bench.pool.fetchval("SELECT bool_and(claimed_by IS NULL) FROM delivery_lanes"))
