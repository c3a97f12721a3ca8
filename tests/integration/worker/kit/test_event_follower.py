"""Followers of the events lose none that commits late, and see each once."""

import asyncpg
import pytest

from services.common.database.events.outbox import record_event
from services.common.database.pool import Pool
from services.worker.kit.event_follower import next_window

IN_WINDOW = "SELECT subject_id FROM events WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 ORDER BY seq"


async def seen(pool: Pool, follower: str = "test") -> list[str]:
    """The subjects of the follower's next window."""
    async with pool.acquire() as connection, connection.transaction():
        window = await next_window(connection, follower)
        return [row["subject_id"] for row in await connection.fetch(IN_WINDOW, window.start, window.end)]


async def tell(pool: Pool, subject: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await record_event(connection, "ns_1", "object.created", subject)


async def test_an_event_that_commits_late_is_seen_once_and_in_its_place(pool: Pool, database_url: str) -> None:
    slow = await asyncpg.connect(database_url)
    try:
        async with slow.transaction():
            await slow.execute(
                """INSERT INTO events (event_id, namespace_id, event_type, subject_type, subject_id)
                   VALUES ('evt_slow', 'ns_1', 'object.created', 'object', 'slow')"""
            )
            await tell(pool, "quick")
            assert await seen(pool) == []
        assert await seen(pool) == ["slow", "quick"]
        assert await seen(pool) == []
    finally:
        await slow.close()


async def test_a_step_that_is_rolled_back_sees_its_events_again(pool: Pool) -> None:
    await tell(pool, "a")
    with pytest.raises(RuntimeError):
        async with pool.acquire() as connection, connection.transaction():
            await next_window(connection, "test")
            raise RuntimeError
    assert await seen(pool) == ["a"]


async def test_followers_do_not_disturb_each_other(pool: Pool) -> None:
    await tell(pool, "a")
    assert await seen(pool, "one") == ["a"]
    assert await seen(pool, "two") == ["a"]
