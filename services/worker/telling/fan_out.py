"""From events to deliveries: each event that was committed, to each channel of each webhook that asks for it, once."""

from services.common.database.deliveries import ASKED, COMMITTED_SINCE, FOLLOWER, insert_sql
from services.common.database.following import has_news, next_window
from services.common.database.pool import Pool

SECONDS_BETWEEN = 0.2
# Many webhooks may ask for each of them.
MOST_EVENTS = 2000
LONGEST_SECONDS = 300.0
# None of them is deleted before its deliveries are there.
HOLD = "SELECT FROM webhooks WHERE is_active ORDER BY webhook_id FOR KEY SHARE"
# An event that is seen late may follow one of its subject that is not yet due: that one comes along. The next window
# finds it again, and its deliveries there already.
TOLD = """
    WITH due AS (SELECT * FROM events WHERE xid >= $1::text::xid8 AND xid < $2::text::xid8),
    told AS (SELECT * FROM due UNION ALL
             SELECT e.* FROM events e WHERE e.xid >= $2::text::xid8 AND EXISTS (
               SELECT FROM due WHERE (due.subject_type, due.subject_id) = (e.subject_type, e.subject_id)
               AND due.seq > e.seq)),
    made AS ({insert} ON CONFLICT (delivery_id) DO NOTHING RETURNING delivery_id)
    SELECT count(*) FROM due"""
FAN_OUT = TOLD.format(insert=insert_sql("told e", f"w.is_active AND {COMMITTED_SINCE} AND {ASKED}"))


class FanOut:
    """Follows the events; several workers take turns."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """One window of events in one transaction; whether there may be more at once."""
        if not await has_news(self._pool, FOLLOWER):
            return False
        async with self._pool.acquire() as connection, connection.transaction():
            window = await next_window(connection, FOLLOWER, MOST_EVENTS)
            if window.is_empty:
                return False
            await connection.execute(HOLD)
            seen = await connection.fetchval(FAN_OUT, window.start, window.end, timeout=LONGEST_SECONDS)
        return int(seen) >= MOST_EVENTS
