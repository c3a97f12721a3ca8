"""1,000 events through the outbox, the fan-out and a worker process to one local receiver that answers at once.

Twice to a healthy receiver, about 1,000 subjects and about 10, and once to one that fails 30 % of its calls. Events are
committed at once; the clock runs from there to the last arrival.
"""

import asyncio
import contextlib
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from aiohttp import web

from services.common.database.events.outbox import record_event
from services.common.database.migrate import migrate
from services.common.database.pool import Pool, open_pool
from services.common.ids import new_id
from services.common.settings import Settings
from tests.integration.worker.processes import start_worker
from tests.integration.worker.webhooks.receivers import Answer, Receiver, ok, receiving
from tests.performance.report import Figure, emit
from tests.support.postgres_server import running_postgres
from tests.support.waiting import until

EVENTS = 1_000
FAILING = 0.3
SECONDS = 120


def flaky(seed: int) -> Answer:
    """A receiver that fails 30 % of its calls."""
    chance = random.Random(seed)

    async def answer(request: web.Request, number: int) -> web.StreamResponse:
        return web.Response(status=500) if chance.random() < FAILING else await ok(request, number)

    return answer


async def happen(pool: Pool, event_type: str, subjects: int, events: int) -> dict[str, list[str]]:
    """Commits the events at once; returns those of each subject, in order."""
    async with pool.acquire() as connection, connection.transaction():
        for number in range(events):
            await record_event(connection, "ns_bench", event_type, f"obj_{number % subjects}", {"number": number})
        rows = await connection.fetch(
            "SELECT subject_id, event_id FROM events WHERE event_type = $1 ORDER BY seq", event_type
        )
    found = defaultdict(list)
    for row in rows:
        found[row["subject_id"]].append(row["event_id"])
    return dict(found)


def first_arrivals(receiver: Receiver) -> dict[str, list[str]]:
    """The events about each subject as the receiver first saw them."""
    found: dict[str, dict[str, None]] = defaultdict(dict)
    for call in receiver.calls:
        told = call.json
        found[told["subject"]["id"]].setdefault(told["event_id"])
    return {subject: list(events) for subject, events in found.items()}


def out_of_order(expected: dict[str, list[str]], arrived: dict[str, list[str]]) -> int:
    """How many events came before one of their subject that happened earlier."""
    places = {event_id: place for events in expected.values() for place, event_id in enumerate(events)}
    pairs = (pair for events in arrived.values() for pair in pairwise(events))
    return sum(places[later] < places[earlier] for earlier, later in pairs)


async def tell(
    pool: Pool, receiver: Receiver, event_type: str, subjects: int, events: int = EVENTS
) -> tuple[float, dict[str, list[str]]]:
    """Seconds until everything was delivered or too much time had passed, and the events of each subject."""
    await pool.execute(
        "INSERT INTO webhooks (webhook_id, webhook_name, event_types, channels) VALUES ($1, $1, $2, $3)",
        new_id("wh", 16),
        [event_type],
        [{"channel": "webhook", "configs": {"url": receiver.url}}],
    )
    expected = await happen(pool, event_type, subjects, events)
    started = time.perf_counter()

    async def all_told() -> bool:
        query = """SELECT count(*) FROM deliveries d JOIN events e USING (event_id)
                   WHERE e.event_type = $1 AND d.status = 'delivered'"""
        return bool(await pool.fetchval(query, event_type) >= events)

    with contextlib.suppress(TimeoutError):
        await until(all_told, SECONDS)
    return time.perf_counter() - started, expected


async def healthy(pool: Pool, subjects: int, event_type: str) -> None:
    """The figures of a receiver that always answers."""
    async with receiving() as receiver:
        seconds, expected = await tell(pool, receiver, event_type, subjects)
    arrived = first_arrivals(receiver)
    name = f"{EVENTS} events about {subjects} subjects"
    lost = EVENTS - sum(len(events) for events in arrived.values())
    emit(Figure(name=name, value=(EVENTS - lost) / seconds, unit="events/s", limit=200, better="higher"))
    emit(Figure(name=f"{name}: lost", value=lost, unit="events", limit=0))
    emit(Figure(name=f"{name}: out of order", value=out_of_order(expected, arrived), unit="events", limit=0))
    emit(Figure(name=f"{name}: sent more than once", value=len(receiver.calls) - EVENTS + lost, unit="calls"))


async def failing(pool: Pool, subjects: int, event_type: str) -> None:
    """The figures of a receiver that fails 30 % of its calls."""
    async with receiving(flaky(7)) as receiver:
        seconds, expected = await tell(pool, receiver, event_type, subjects)
    arrived = first_arrivals(receiver)
    undelivered = await pool.fetchval(
        """SELECT count(*) FROM deliveries d JOIN events e USING (event_id)
           WHERE e.event_type = $1 AND d.status <> 'delivered'""",
        event_type,
    )
    name = f"receiver failing {FAILING:.0%} of calls"
    emit(Figure(name=f"{name}: undelivered", value=undelivered, unit="events", limit=0))
    emit(Figure(name=f"{name}: out of order", value=out_of_order(expected, arrived), unit="events", limit=0))
    emit(Figure(name=f"{name}: {EVENTS} events", value=seconds, unit="s"))
    emit(Figure(name=f"{name}: calls", value=len(receiver.calls), unit="calls"))


async def warm_up(pool: Pool) -> None:
    """Returns when the worker has told of a first event."""
    async with receiving() as receiver:
        await tell(pool, receiver, "bucket.deleted", 1, events=1)


async def measure(settings: Settings) -> None:
    """All three, with one worker process."""
    worker = await start_worker(settings)
    try:
        async with await open_pool(settings) as pool:
            await warm_up(pool)
            await healthy(pool, EVENTS, "object.created")
            await healthy(pool, 10, "object.updated")
            await failing(pool, 100, "object.deleted")
    finally:
        worker.terminate()
        await worker.wait()


def main(retry_seconds: Sequence[float] = (0.2,) * 30) -> None:
    """Prints the figures."""
    with running_postgres() as server, tempfile.TemporaryDirectory(prefix="likeness-bench-") as folder:
        settings = Settings(
            database_url=server.url(),
            data_dir=Path(folder),
            fetch_allow="127.0.0.0/8",
            webhook_retry_seconds=tuple(retry_seconds),
        )
        asyncio.run(migrate(settings.database_url))
        asyncio.run(measure(settings))


if __name__ == "__main__":
    main()
