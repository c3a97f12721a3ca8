"""A dump restored into another PostgreSQL, whose transaction ids lie behind those of the dump."""

from services.common.database.events.outbox import record_event
from services.common.database.migrate import migrate
from services.common.database.pool import Pool
from services.worker.kit.event_follower import next_window

AGE = "UPDATE {table} SET {column} = ({column}::text::numeric + 1000000000)::text::xid8"
IN_WINDOW = "SELECT subject_id FROM events WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8 ORDER BY seq"


async def tell(pool: Pool, subject: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await record_event(connection, "ns_1", "object.created", subject)


async def seen(pool: Pool) -> list[str]:
    """The subjects of the next window."""
    async with pool.acquire() as connection, connection.transaction():
        window = await next_window(connection, "test")
        return [row["subject_id"] for row in await connection.fetch(IN_WINDOW, window.start, window.end)]


async def test_followers_go_on_in_a_restored_database(pool: Pool, database_url: str) -> None:
    await tell(pool, "seen before")
    assert await seen(pool) == ["seen before"]
    await tell(pool, "not seen yet")
    await pool.execute(AGE.format(table="events", column="xid"))
    await pool.execute(AGE.format(table="event_followers", column="position"))
    await migrate(database_url)
    await tell(pool, "new")
    assert await seen(pool) == ["not seen yet", "new"]
    assert await seen(pool) == []


async def test_a_database_of_its_own_server_is_left_alone(pool: Pool, database_url: str) -> None:
    await tell(pool, "a")
    before = await pool.fetch("SELECT * FROM events")
    await migrate(database_url)
    assert await pool.fetch("SELECT * FROM events") == before


async def test_a_webhook_hears_of_what_follows_the_restoration(pool: Pool, database_url: str) -> None:
    await pool.execute(
        """INSERT INTO webhooks (webhook_id, webhook_name, event_types, channels, made_in)
           VALUES ('wh_1', 'w', '{object.created}', '[]', '1000000000:1000000000:')"""
    )
    await migrate(database_url)
    await tell(pool, "a")
    heard = """SELECT NOT pg_visible_in_snapshot(e.xid, w.made_in) FROM events e, webhooks w"""
    assert await pool.fetchval(heard)
