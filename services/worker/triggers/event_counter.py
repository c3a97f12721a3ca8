"""Counts the events that triggers wait for, each exactly once, and makes due those that have seen enough."""

from services.common.database.pool import Connection
from services.worker.kit.event_follower import Follower, Window

# What an event is about is in its payload, or else still to be found.
COUNT = """
    WITH counted AS (
      SELECT t.trigger_id, count(*) AS seen FROM triggers t
      JOIN events e ON e.namespace_id = t.namespace_id AND e.event_type = t.event_type
      WHERE t.status = 'active' AND t.trigger_type = 'event' AND e.xid >= $1::text::xid8 AND e.xid < $2::text::xid8
        AND e.xid > t.counts_from
        AND CASE split_part(e.event_type, '.', 1)
          WHEN 'collection' THEN e.subject_id
          WHEN 'object' THEN coalesce(e.payload ->> 'bucket_id',
            (SELECT o.bucket_id FROM objects o WHERE o.object_id = e.subject_id))
          WHEN 'document' THEN coalesce(e.payload ->> 'collection_id',
            (SELECT d.collection_id FROM documents d WHERE d.document_id = e.subject_id))
          END = ANY(t.watched_ids)
      GROUP BY t.trigger_id
    ), locked AS (
      SELECT t.trigger_id, c.seen FROM triggers t JOIN counted c USING (trigger_id)
      ORDER BY t.trigger_id FOR UPDATE OF t
    )
    UPDATE triggers t SET event_counter = t.event_counter + l.seen,
      next_scheduled_at = CASE
        WHEN t.event_counter + l.seen < (t.schedule_config ->> 'event_threshold')::bigint THEN t.next_scheduled_at
        ELSE coalesce(t.next_scheduled_at, greatest(now(), t.last_cooldown_at
          + make_interval(secs => (t.schedule_config ->> 'cooldown_seconds')::integer))) END
    FROM locked l WHERE t.trigger_id = l.trigger_id"""


class Counter(Follower):
    """Follows the events for all triggers."""

    name = "triggers"

    async def take(self, connection: Connection, window: Window) -> None:
        """Adds the events of the window to the counters."""
        await connection.execute(COUNT, window.start, window.end)
