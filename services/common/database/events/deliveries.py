"""Deliveries of webhooks: one row for each event that a webhook asks for and each of its channels."""

from services.common.database.pool import Connection

FOLLOWER = "webhooks"
REPLAY = "replay_webhook"
# What an event `e` is about: a run's own kind travels in its payload.
RESOURCE_TYPE = "CASE WHEN e.subject_type = 'resource' THEN e.payload ->> 'resource_type' ELSE e.subject_type END"
# Whether a webhook `w` asks for an event `e`, whenever it was.
ASKED = f"""e.event_type = ANY(w.event_types)
    AND (w.namespace_ids IS NULL OR e.namespace_id = ANY(w.namespace_ids))
    AND (w.resource_types IS NULL OR {RESOURCE_TYPE} = ANY(w.resource_types))"""
# A restored database counts its transactions anew, hence the time as well.
COMMITTED_SINCE = "(e.created_at >= w.created_at OR NOT pg_visible_in_snapshot(e.xid, w.made_in))"
DELIVERY_ID = """'dlv_' || left(encode(sha256(convert_to(
    w.webhook_id || '/' || e.event_id || '/' || c.number, 'UTF8')), 'hex'), 24)"""

FORGET = (
    "DELETE FROM webhooks WHERE namespace_ids <@ ARRAY[$1::text]",
    """UPDATE webhooks SET namespace_ids = array_remove(namespace_ids, $1), updated_at = now()
       WHERE namespace_ids @> ARRAY[$1::text]""",
    "DELETE FROM deliveries WHERE namespace_id = $1 AND status <> 'pending'",
)


def insert_sql(events: str, where: str) -> str:
    """Adds the deliveries of `events`, a table or subquery named `e`, to the webhooks `w` that pass `where`."""
    return f"""
        INSERT INTO deliveries (delivery_id, namespace_id, webhook_id, channel, channel_type, event_id, subject, seq)
        SELECT {DELIVERY_ID}, e.namespace_id, w.webhook_id, c.number - 1, c.channel ->> 'channel', e.event_id,
               e.subject_type || '/' || e.subject_id, e.seq
        FROM {events} JOIN webhooks w ON {where}
        CROSS JOIN LATERAL jsonb_array_elements(w.channels) WITH ORDINALITY AS c (channel, number)
        ORDER BY e.seq, w.row_key, c.number"""  # noqa: S608


async def forget_namespace(connection: Connection, namespace_id: str) -> None:
    """Deletes the webhooks of this namespace alone, and of all others what has ended of its deliveries.

    What is pending is still delivered: that its objects were deleted is news to whoever asked for it.
    """
    for sql in FORGET:
        await connection.execute(sql, namespace_id)
