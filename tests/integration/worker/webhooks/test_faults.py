"""Receivers at their worst: each delivery ends in a clear state, and nobody else waits for it."""

import asyncio
import gzip
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import trustme
from aiohttp import web

from services.common.database.pool import Pool
from services.worker.webhooks.claim_lanes import CLAIM
from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.integration.worker.webhooks.receivers import Answer, answering, ok, raw_server, receiving
from tests.support.waiting import until

BOMB = gzip.compress(b"\0" * 50_000_000)


async def hang(request: web.Request, number: int) -> web.StreamResponse:
    """Never answers."""
    await asyncio.sleep(3600)
    return web.Response()


def endless(status: int) -> Answer:
    """Answers with a body that never ends."""

    async def answer(request: web.Request, number: int) -> web.StreamResponse:
        response = web.StreamResponse(status=status)
        await response.prepare(request)
        while True:
            await response.write(b"x" * 65_536)

    return answer


async def bomb(request: web.Request, number: int) -> web.StreamResponse:
    """Answers with little that would unpack to much."""
    return web.Response(status=500, body=BOMB, headers={"Content-Encoding": "gzip"})


async def half(request: web.Request, number: int) -> web.StreamResponse:
    """Closes in the middle of its answer."""
    response = web.StreamResponse(headers={"Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b"half")
    assert request.transport is not None
    request.transport.close()
    return response


@pytest.mark.parametrize(
    ("answer", "status", "error"),
    [
        (hang, None, "did not answer within 0.3 seconds"),
        (answering(302, Location="http://169.254.169.254/latest"), 302, "redirects are not followed"),
        (answering(404), 404, "The receiver answered 404. status 404"),
        (answering(500), 500, "The receiver answered 500."),
        (endless(503), 503, "The receiver answered 503. xxx"),
        (bomb, 500, "The receiver answered 500."),
        (half, None, "closed the connection before its answer was complete"),
    ],
)
async def test_a_failure_is_told_and_tried_again_until_it_passes(
    delivery_bench: DeliveryBench, answer: Answer, status: int | None, error: str
) -> None:
    async with receiving(answer) as receiver, delivery_bench.deliverer():
        webhook = await delivery_bench.to_url(receiver.url, timeout=0.3 if answer is hang else 30)
        await delivery_bench.happen(webhook, ["obj_1"])
        row = await delivery_bench.attempted()
        assert (row["status"], row["response_status"]) == ("pending", status)
        assert error in row["error"]
        assert len(row["error"]) <= 500
        receiver.answer = ok
        [row] = await delivery_bench.ended()
    assert (row["status"], row["error"]) == ("delivered", None)
    assert len(set(receiver.event_ids)) == 1


async def test_a_body_without_end_is_cut_off_and_the_event_was_delivered(delivery_bench: DeliveryBench) -> None:
    async with receiving(endless(200)) as receiver, delivery_bench.deliverer():
        await delivery_bench.happen(await delivery_bench.to_url(receiver.url), ["obj_1"])
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"]) == ("delivered", 1)


async def close_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads a little and goes."""
    await reader.read(10)


async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says what is not HTTP."""
    writer.write(b"220 mail.example ESMTP\r\n\r\n")
    await writer.drain()


async def many_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends a header without end."""
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        writer.write(b"x" * 65_536)
        await writer.drain()


@pytest.mark.parametrize(
    ("speak", "error"),
    [(close_at_once, "closed the connection"), (babble, "not HTTP"), (many_headers, "not HTTP")],
)
async def test_what_does_not_speak_http_is_a_failure(
    delivery_bench: DeliveryBench, speak: Callable[[Any, Any], Awaitable[None]], error: str
) -> None:
    async with raw_server(speak) as url, delivery_bench.deliverer(webhook_retry_seconds=(600.0,)):
        await delivery_bench.happen(await delivery_bench.to_url(url), ["obj_1"])
        row = await delivery_bench.attempted()
    assert row["status"] == "pending"
    assert error in row["error"]


async def test_a_certificate_that_nobody_vouches_for_is_a_failure(delivery_bench: DeliveryBench) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = await asyncio.start_server(close_at_once, "127.0.0.1", 0, ssl=context)
    url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with server, delivery_bench.deliverer(webhook_retry_seconds=(600.0,)):
        await delivery_bench.happen(await delivery_bench.to_url(url), ["obj_1"])
        row = await delivery_bench.attempted()
    assert row["status"] == "pending"
    assert "cannot be trusted" in row["error"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_an_address_that_must_not_be_reached_ends_the_delivery(delivery_bench: DeliveryBench, host: str) -> None:
    async with receiving() as receiver, delivery_bench.deliverer(fetch_allow=""):
        await delivery_bench.happen(await delivery_bench.to_url(receiver.url.replace("127.0.0.1", host)), ["obj_1"])
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"]) == ("failed", 1)
    assert "not a public address" in row["error"]
    assert receiver.calls == []


async def test_when_the_table_is_exhausted_the_delivery_has_failed_and_the_lane_goes_on(
    delivery_bench: DeliveryBench,
) -> None:
    async with receiving(answering(500)) as receiver:
        webhook = await delivery_bench.to_url(receiver.url)
        first, second = await delivery_bench.happen(webhook, ["obj_1", "obj_1"])

        async def answer(request: web.Request, number: int) -> web.StreamResponse:
            return await (answering(500) if receiver.event_ids[-1] == first else ok)(request, number)

        receiver.answer = answer
        async with delivery_bench.deliverer(webhook_retry_seconds=(0.01, 0.01)):
            rows = await delivery_bench.ended(2)
    assert [(row["status"], row["attempts"]) for row in rows] == [("failed", 3), ("delivered", 1)]
    assert rows[0]["ended_at"] is not None
    assert receiver.event_ids == [first] * 3 + [second]


async def test_retry_after_holds_everything_for_that_receiver(delivery_bench: DeliveryBench) -> None:
    async with receiving(answering(429, **{"Retry-After": "1000"})) as receiver, receiving() as other:
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.happen(webhook, ["obj_1"])
        async with delivery_bench.deliverer():
            row = await delivery_bench.attempted()
            waits = await delivery_bench.pool.fetchval("SELECT due_at - now() FROM deliveries")
            await delivery_bench.happen(webhook, ["obj_2", "obj_3"])
            await delivery_bench.happen(await delivery_bench.to_url(other.url), ["obj_4"])
            await delivery_bench.ended()
    assert row["response_status"] == 429
    assert 900 < waits.total_seconds() < 1200
    assert len(receiver.calls) == 1


CHANGED = "UPDATE webhooks SET updated_at = now() WHERE webhook_id = $1"


async def test_a_worker_that_starts_anew_still_holds_until_somebody_changes_the_webhook(
    delivery_bench: DeliveryBench,
) -> None:
    async with receiving(answering(429, **{"Retry-After": "1000"})) as receiver, receiving() as other:
        webhook = await delivery_bench.to_url(receiver.url)
        await delivery_bench.happen(webhook, ["obj_1"])
        async with delivery_bench.deliverer():
            await delivery_bench.attempted()
        receiver.answer = ok
        await delivery_bench.happen(webhook, ["obj_2"])
        async with delivery_bench.deliverer():
            await delivery_bench.happen(await delivery_bench.to_url(other.url), ["obj_3"])
            await delivery_bench.ended()
            assert len(receiver.calls) == 1
            await delivery_bench.pool.execute(CHANGED, webhook)
            await delivery_bench.ended(2)
    assert len(receiver.calls) == 2


async def test_receivers_that_hang_do_not_hold_up_a_healthy_one(delivery_bench: DeliveryBench) -> None:
    async with receiving(hang) as dead, receiving() as healthy, delivery_bench.deliverer(drain_seconds=0.1):
        for number in range(20):
            webhook = await delivery_bench.to_url(f"{dead.url}/{number}", timeout=60)
            await delivery_bench.happen(webhook, [f"obj_{each}" for each in range(20)])
        await until(lambda: _called(dead.calls))
        await delivery_bench.happen(await delivery_bench.to_url(healthy.url), [f"obj_{each}" for each in range(50)])
        rows = await delivery_bench.ended(50)
    assert len(healthy.calls) == 50
    assert [row["attempts"] for row in rows if row["status"] == "pending"] == [0] * 400


async def _called(calls: list[Any]) -> bool:
    return bool(calls)


async def test_a_webhook_deleted_meanwhile_is_forgotten(delivery_bench: DeliveryBench, pool: Pool) -> None:
    async with receiving(hang) as receiver, receiving() as healthy, delivery_bench.deliverer():
        webhook = await delivery_bench.to_url(receiver.url, timeout=0.5)
        await delivery_bench.happen(webhook, ["obj_1", "obj_1", "obj_2"])
        await until(lambda: _called(receiver.calls))
        await pool.execute("DELETE FROM webhooks WHERE webhook_id = $1", webhook)
        await delivery_bench.happen(await delivery_bench.to_url(healthy.url), ["obj_3"])
        [row] = await delivery_bench.ended()
        await until(lambda: _no_lanes(delivery_bench))
    assert row["status"] == "delivered"


async def _no_lanes(delivery_bench: DeliveryBench) -> bool:
    return await delivery_bench.lanes() == 0


async def test_a_channel_that_was_removed_is_told_nothing(delivery_bench: DeliveryBench) -> None:
    webhook = await delivery_bench.to_url("http://127.0.0.1:1/")
    await delivery_bench.happen(webhook, ["obj_1"], channel=3)
    async with delivery_bench.deliverer():
        [row] = await delivery_bench.ended()
    assert (row["status"], row["attempts"], row["error"]) == ("canceled", 0, "The channel is no longer there.")


async def test_what_was_to_be_told_to_a_deleted_webhook_goes_with_it(delivery_bench: DeliveryBench) -> None:
    webhook = await delivery_bench.to_url("http://127.0.0.1:1/")
    await delivery_bench.happen(webhook, ["obj_1", "obj_2"])
    await delivery_bench.pool.execute("DELETE FROM webhooks WHERE webhook_id = $1", webhook)
    assert (await delivery_bench.rows(), await delivery_bench.lanes()) == ([], 0)


MANY_LANES = """
    INSERT INTO delivery_lanes (receiver, channel, subject)
    SELECT 'wh_off', 0, n::text FROM generate_series(1, 50000) n"""


async def test_claiming_reads_only_the_lanes_that_it_takes(delivery_bench: DeliveryBench) -> None:
    for _ in range(50):
        await delivery_bench.to_url("http://127.0.0.1:1/")
    await delivery_bench.pool.execute(MANY_LANES)
    await delivery_bench.pool.execute("ANALYZE delivery_lanes, webhooks")
    async with delivery_bench.pool.acquire() as connection, connection.transaction():
        plan = await connection.fetch(f"EXPLAIN {CLAIM}", 3, 48, [], [], [], 128, 1024, "worker", 6.0)
    assert not [row[0] for row in plan if "Seq Scan on delivery_lanes" in row[0]]
