"""A dump that is restored into another PostgreSQL brings transaction ids that are in that server's future.

Whoever follows the events would wait for them, for years and in silence, so they are rewritten before any service
starts. Events that some follower had not seen count as new ones; the others lie behind everybody.
"""

import structlog

from services.common.database.pool import Connection

SEEN, FIRST = "1", "2"
IS_FOREIGN = """
    SELECT coalesce(greatest(
      (SELECT max(position) FROM event_followers),
      (SELECT max(xid) FROM events),
      (SELECT max(counts_from) FROM triggers),
      (SELECT max(pg_snapshot_xmax(made_in)) FROM webhooks)
    ) > pg_snapshot_xmax(pg_current_snapshot()), false)"""
EVENTS = """
    UPDATE events SET xid = CASE WHEN xid >= (SELECT coalesce(min(position), '0') FROM event_followers)
      THEN pg_current_xact_id() ELSE $1::text::xid8 END"""
REST = (
    "UPDATE event_followers SET position = $1::text::xid8",
    "UPDATE triggers SET counts_from = $1::text::xid8",
    "UPDATE webhooks SET made_in = ($1::text || ':' || $1::text || ':')::pg_snapshot",
)
log = structlog.get_logger()


async def rebase_events(connection: Connection) -> bool:
    """Whether the events came from another server; then everything that follows them can go on here."""
    async with connection.transaction():
        if not await connection.fetchval(IS_FOREIGN):
            return False
        await connection.execute(EVENTS, SEEN)
        for statement in REST:
            await connection.execute(statement, FIRST)
    log.warning("events were brought from another PostgreSQL; followers go on with what they had not seen")
    return True
