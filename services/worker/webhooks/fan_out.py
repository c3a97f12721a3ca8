"""From events to deliveries: each event that was committed, to each channel of each webhook that asks for it, once."""

from services.common.database.events.deliveries import ASKED, COMMITTED_SINCE, FOLLOWER, insert_sql
from services.common.database.pool import Connection
from services.worker.kit.event_follower import Follower, Window

SECONDS_BETWEEN = 0.2
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
               AND due.seq > e.seq))
    {insert} ON CONFLICT (delivery_id) DO NOTHING"""
FAN_OUT = TOLD.format(insert=insert_sql("told e", f"w.is_active AND {COMMITTED_SINCE} AND {ASKED}"))


class FanOut(Follower):
    """Follows the events for all webhooks."""

    name = FOLLOWER
    most_events = 2000

    async def take(self, connection: Connection, window: Window) -> None:
        """Makes the deliveries of the window."""
        await connection.execute(HOLD)
        await connection.execute(FAN_OUT, window.start, window.end, timeout=LONGEST_SECONDS)
