"""Whoever follows the feed of events sees each committed one once, and those of a subject in their order."""

import asyncio
import itertools
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.database.events.outbox import record_event
from services.common.database.events.retention import prune_events
from services.common.database.pool import Connection, Pool, open_pool
from services.common.settings import Settings
from services.gateway.events.cursors import Place, read_place, write_place
from services.gateway.events.store import FeedPage, Wanted, read_feed
from tests.support.postgres import Databases

EVERYTHING = Wanted(namespace_ids=None, event_type=None, keep=timedelta(days=90))
PAUSES = st.sampled_from([0.0, 0.0, 0.001, 0.004, 0.01])
CHANGES = st.lists(st.tuples(st.integers(0, 3), PAUSES), min_size=1, max_size=3)
TRANSACTIONS = st.tuples(PAUSES, CHANGES, st.booleans())
WRITERS = st.lists(st.lists(TRANSACTIONS, min_size=1, max_size=4), min_size=2, max_size=5)


@dataclass
class History:
    """What was committed, and what a reader has seen: (subject, number), numbers in the order of the changes."""

    numbers: Iterator[int] = field(default_factory=itertools.count)
    committed: list[tuple[str, int]] = field(default_factory=list)
    seen: list[tuple[str, int]] = field(default_factory=list)
    place: Place = field(default_factory=Place)

    def by_subject(self) -> dict[str, list[int]]:
        found = defaultdict(list)
        for subject, number in self.seen:
            found[subject].append(number)
        return dict(found)


@dataclass
class Server:
    runner: asyncio.Runner
    pool: Pool


@pytest.fixture(scope="module")
def server(databases: Databases) -> Iterator[Server]:
    name = databases.create()
    with asyncio.Runner() as runner:
        pool = runner.run(open_pool(Settings(database_url=databases.url(name)), size=8))
        yield Server(runner=runner, pool=pool)
        runner.run(pool.close())
    databases.drop(name)


async def change(connection: Connection, subject: str, number: int) -> None:
    await record_event(connection, "ns_1", "object.updated", subject, {"number": number})


async def read(pool: Pool, start: Place, limit: int = 100) -> FeedPage:
    async with pool.acquire() as connection:
        page = await read_feed(connection, start, EVERYTHING, limit)
    assert read_place(write_place(page.end)) == page.end
    return page


async def write(pool: Pool, transactions: list[tuple[float, list[tuple[int, float]], bool]], history: History) -> None:
    for before, changes, is_kept in transactions:
        async with pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("SELECT pg_current_xact_id()")
            await asyncio.sleep(before)
            made = []
            for subject, pause in sorted(changes):
                await connection.execute("SELECT pg_advisory_xact_lock($1)", subject)
                made.append((str(subject), next(history.numbers)))
                await change(connection, *made[-1])
                await asyncio.sleep(pause)
            await (transaction.commit() if is_kept else transaction.rollback())
            history.committed += made if is_kept else []


async def follow(pool: Pool, history: History, limit: int) -> FeedPage:
    page = await read(pool, history.place, limit)
    assert len(page.rows) <= limit
    assert len(page.rows) == limit or not page.has_more
    history.seen += [(row["subject_id"], row["payload"]["number"]) for row in page.rows]
    history.place = page.end
    return page


async def play(pool: Pool, writers: list[list[tuple[float, list[tuple[int, float]], bool]]], limit: int) -> History:
    history = History(place=(await read(pool, Place(), 1000)).end)
    writing = asyncio.gather(*(write(pool, each, history) for each in writers))
    while not writing.done():
        await follow(pool, history, limit)
    await writing
    while (await follow(pool, history, limit)).has_more:
        pass
    return history


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writers=WRITERS, limit=st.integers(1, 5))
def test_each_event_once_and_each_subject_in_order(
    server: Server, writers: list[list[tuple[float, list[tuple[int, float]], bool]]], limit: int
) -> None:
    server.runner.run(server.pool.execute("TRUNCATE events CASCADE"))
    history = server.runner.run(play(server.pool, writers, limit))
    assert sorted(history.seen) == sorted(history.committed)
    assert all(numbers == sorted(numbers) for numbers in history.by_subject().values())


async def test_a_change_by_an_older_transaction_comes_after_the_one_that_it_waited_for(
    pool: Pool, database_url: str
) -> None:
    older, longest = await asyncpg.connect(database_url), await asyncpg.connect(database_url)
    try:
        async with older.transaction():
            await older.execute("SELECT pg_current_xact_id()")
            async with longest.transaction():
                await longest.execute("SELECT pg_current_xact_id()")
                await pool.execute("SELECT pg_current_xact_id()")
                async with pool.acquire() as connection, connection.transaction():
                    await change(connection, "same", 1)
                await older.execute(
                    """INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id, payload)
                       VALUES ('evt_2', 'ns_1', 'object.updated', 'object', 'same', '{"number": 2}')"""
                )
                first = await read(pool, Place())
                assert [row["payload"] for row in first.rows] == [{"number": 1}]
        second = await read(pool, first.end)
        assert [row["payload"] for row in second.rows] == [{"number": 2}]
        assert (await read(pool, second.end)).rows == []
    finally:
        await older.close()
        await longest.close()


async def test_a_transaction_that_takes_long_holds_nobody_elses_events_back(pool: Pool, database_url: str) -> None:
    slow = await asyncpg.connect(database_url)
    try:
        async with slow.transaction():
            await slow.execute("SELECT pg_current_xact_id()")
            async with pool.acquire() as connection:
                await change(connection, "quick", 1)
            assert [row["subject_id"] for row in (await read(pool, Place())).rows] == ["quick"]
    finally:
        await slow.close()


async def age(pool: Pool, days: int, *subjects: str) -> None:
    sql = "UPDATE events SET created_at = now() - make_interval(days => $1) WHERE subject_id = ANY($2)"
    await pool.execute(sql, days, list(subjects))


async def test_old_events_go_in_steps_but_not_those_that_deliveries_tell_of(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.common.database.events.retention.STEP", 2)
    async with pool.acquire() as connection:
        for subject in ("told", "b", "c", "d", "e", "grace", "young"):
            await change(connection, subject, 0)
    await age(pool, 95, "told", "b", "c", "d", "e")
    await age(pool, 90, "grace")
    await pool.execute(
        """WITH hook AS (INSERT INTO webhooks (webhook_id, webhook_name, event_types, channels)
                         VALUES ('wh_1', 'hook', '{}', '[]') RETURNING webhook_id)
           INSERT INTO deliveries (delivery_id, namespace_id, webhook_id, channel, channel_type, event_id, subject, seq)
           SELECT 'dlv_1', namespace_id, (SELECT webhook_id FROM hook), 0, 'webhook', event_id, 'object/told', seq
           FROM events WHERE subject_id = 'told'"""
    )
    await prune_events(pool, timedelta(days=90))
    left = await pool.fetch("SELECT subject_id FROM events ORDER BY seq")
    assert [row["subject_id"] for row in left] == ["told", "grace", "young"]
    # Who begins now is told of nothing that may soon be gone.
    assert [row["subject_id"] for row in (await read(pool, Place())).rows] == ["young"]
