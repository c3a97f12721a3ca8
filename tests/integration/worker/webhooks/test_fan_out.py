"""Each committed event becomes one delivery for each channel that asks for it: none lost, none doubled, in order."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from services.common.database.events.deliveries import FOLLOWER, forget_namespace
from services.common.database.pool import Connection, Pool, prepare_connection
from services.common.settings import Settings
from services.worker.kit.event_follower import Window, has_news
from services.worker.webhooks.fan_out import FanOut
from tests.integration.worker.processes import start_worker
from tests.support.waiting import until
from tests.support.webhook_rows import Asked, add_webhook, delivered_to, happen, tell

Take = Callable[[FanOut, Connection, Window], Awaitable[None]]


async def spread(pool: Pool) -> None:
    """Fans out all that there is."""
    while await FanOut(pool).step():
        pass


async def other_connection(url: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url)
    await prepare_connection(connection)
    return connection


async def test_every_channel_gets_each_event_once(pool: Pool) -> None:
    webhook = await add_webhook(pool, Asked(channels=2))
    for subject in "ab":
        await happen(pool, subject)
    await spread(pool)
    await spread(pool)
    for channel in range(2):
        assert await delivered_to(pool, webhook, channel) == ["object/a", "object/b"]


async def test_only_what_is_asked_for_is_delivered(pool: Pool) -> None:
    own = await add_webhook(pool, Asked(namespace_ids=("ns_1",)))
    runs = await add_webhook(pool, Asked(event_types=("resource.executed",), resource_types=("retriever",)))
    objects = await add_webhook(
        pool, Asked(event_types=("object.created", "collection.created"), resource_types=("object",))
    )
    await happen(pool, "here")
    await happen(pool, "elsewhere", namespace_id="ns_2")
    await happen(pool, "changed", "object.updated")
    await happen(pool, "col", "collection.created")
    await happen(pool, "ret", "resource.executed", resource_type="retriever")
    await happen(pool, "tax", "resource.executed", resource_type="taxonomy")
    await spread(pool)
    assert await delivered_to(pool, own) == ["object/here"]
    assert await delivered_to(pool, runs) == ["resource/ret"]
    assert await delivered_to(pool, objects) == ["object/here", "object/elsewhere"]


async def test_a_paused_webhook_collects_and_an_inactive_one_does_not(pool: Pool) -> None:
    paused = await add_webhook(pool, Asked(is_paused=True))
    inactive = await add_webhook(pool, Asked(is_active=False))
    await happen(pool)
    await spread(pool)
    assert (await delivered_to(pool, paused), await delivered_to(pool, inactive)) == (["object/a"], [])


async def test_a_webhook_hears_of_what_is_committed_after_it_was_made(pool: Pool, database_url: str) -> None:
    slow = await other_connection(database_url)
    try:
        await happen(pool, "before")
        async with slow.transaction():
            await tell(slow, "meanwhile")
            webhook = await add_webhook(pool)
        await happen(pool, "after")
        await spread(pool)
        assert await delivered_to(pool, webhook) == ["object/meanwhile", "object/after"]
    finally:
        await slow.close()


async def test_what_commits_late_is_delivered_once(pool: Pool, database_url: str) -> None:
    webhook = await add_webhook(pool)
    slow = await other_connection(database_url)
    try:
        async with slow.transaction():
            await tell(slow, "late")
            await happen(pool, "early")
            await spread(pool)
            assert await delivered_to(pool, webhook) == []
        await spread(pool)
        assert await delivered_to(pool, webhook) == ["object/late", "object/early"]
    finally:
        await slow.close()


async def test_a_subject_keeps_its_order_though_an_older_transaction_told_of_it_later(
    pool: Pool, database_url: str
) -> None:
    """Transaction 1 begins, 2 and 3 follow; 3 changes the subject, then 1 does, and 2 is still open."""
    webhook = await add_webhook(pool, Asked(event_types=("object.created", "object.updated")))
    first, second = await other_connection(database_url), await other_connection(database_url)
    try:
        async with second.transaction():
            async with first.transaction():
                for each in (first, second):
                    await each.fetchval("SELECT pg_current_xact_id()::text")
                await happen(pool, "shared", "object.created")
                await tell(first, "shared", "object.updated")
            await spread(pool)
            query = """SELECT event_type FROM deliveries JOIN events USING (event_id) WHERE webhook_id = $1
                ORDER BY deliveries.row_key"""
            told = [row["event_type"] for row in await pool.fetch(query, webhook)]
            assert told == ["object.created", "object.updated"]
        await spread(pool)
        assert len(await delivered_to(pool, webhook)) == 2
    finally:
        await first.close()
        await second.close()


async def test_two_workers_at_once_share_the_work(pool: Pool) -> None:
    webhook = await add_webhook(pool)

    async def upload() -> None:
        for number in range(30):
            await happen(pool, str(number))

    uploads = asyncio.create_task(upload())
    while not uploads.done():
        await asyncio.gather(spread(pool), spread(pool))
    await spread(pool)
    assert await delivered_to(pool, webhook) == [f"object/{number}" for number in range(30)]


async def test_a_backlog_is_taken_in_windows(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FanOut, "most_events", 3)
    webhook = await add_webhook(pool)
    for number in range(8):
        await happen(pool, str(number))
    steps = FanOut(pool)
    assert [await steps.step(), len(await delivered_to(pool, webhook))] == [True, 3]
    assert [await steps.step(), len(await delivered_to(pool, webhook))] == [True, 6]
    assert [await steps.step(), len(await delivered_to(pool, webhook))] == [False, 8]


def and_die(take: Take) -> Take:
    """Does the work, then loses the transaction."""

    async def dying(self: FanOut, connection: Connection, window: Window) -> None:
        await take(self, connection, window)
        await connection.execute("SELECT 1 / 0")

    return dying


async def test_a_step_that_dies_between_leaves_nothing_half_done(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    webhook = await add_webhook(pool)
    await happen(pool)
    with monkeypatch.context() as broken, pytest.raises(asyncpg.DivisionByZeroError):
        broken.setattr(FanOut, "take", and_die(FanOut.take))
        await FanOut(pool).step()
    assert await delivered_to(pool, webhook) == []
    await spread(pool)
    assert await delivered_to(pool, webhook) == ["object/a"]


async def test_without_news_nothing_is_written(pool: Pool) -> None:
    await happen(pool)
    await spread(pool)
    before = await pool.fetchval("SELECT updated_at FROM event_followers")
    assert not await has_news(pool, FOLLOWER)
    assert not await FanOut(pool).step()
    assert await pool.fetchval("SELECT updated_at FROM event_followers") == before


async def test_a_webhook_that_is_deleted_takes_its_deliveries_along(pool: Pool) -> None:
    webhook = await add_webhook(pool)
    await happen(pool)
    await spread(pool)
    await pool.execute("DELETE FROM webhooks WHERE webhook_id = $1", webhook)
    assert await delivered_to(pool, webhook) == []


async def test_a_namespace_that_goes_takes_its_own_webhooks_along(pool: Pool) -> None:
    own = await add_webhook(pool, Asked(namespace_ids=("ns_1",)))
    both = await add_webhook(pool, Asked(namespace_ids=("ns_1", "ns_2")))
    everywhere = await add_webhook(pool)
    for subject in "ab":
        await happen(pool, subject)
    await happen(pool, "c", namespace_id="ns_2")
    await spread(pool)
    await pool.execute("UPDATE deliveries SET status = 'delivered', ended_at = now() WHERE subject <> 'object/b'")
    async with pool.acquire() as connection, connection.transaction():
        await forget_namespace(connection, "ns_1")
    left = await pool.fetch("SELECT webhook_id, namespace_ids FROM webhooks ORDER BY row_key")
    assert [tuple(row) for row in left] == [(both, ["ns_2"]), (everywhere, None)]
    assert await delivered_to(pool, own) == []
    assert await delivered_to(pool, everywhere) == ["object/b", "object/c"]


async def test_a_worker_that_is_killed_loses_and_doubles_nothing(pool: Pool, settings: Settings) -> None:
    webhook = await add_webhook(pool, Asked(channels=3, is_paused=True))
    stop = asyncio.Event()
    subjects: list[str] = []

    async def upload() -> None:
        while not stop.is_set():
            subjects.append(f"object/{len(subjects)}")
            await happen(pool, subjects[-1].removeprefix("object/"))

    async def told_of(count: int) -> bool:
        return len(await delivered_to(pool, webhook)) >= count

    uploads = asyncio.create_task(upload())
    worker = await start_worker(settings)
    await until(lambda: told_of(1))
    worker.kill()
    await worker.wait()
    committed = len(subjects)
    worker = await start_worker(settings)
    await until(lambda: told_of(committed))
    stop.set()
    await uploads
    await until(lambda: told_of(len(subjects)))
    worker.kill()
    await worker.wait()
    for channel in range(3):
        assert await delivered_to(pool, webhook, channel) == subjects
