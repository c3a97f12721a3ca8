"""From events to alerts that are due: after changes of what they search, and for new documents they are applied to."""

from datetime import timedelta

from services.common.database.pool import Connection
from services.worker.kit.event_follower import Follower, Window

# A lone change is looked at soon; a stream of them every few seconds, and more seldom where looking takes long.
SOON = timedelta(seconds=1)
APART = timedelta(seconds=3)
TIMES_ITS_DURATION = 10
WINDOW = "e.xid >= $1::text::xid8 AND e.xid < $2::text::xid8"
DUE = f"""least(a.due_at, greatest(now() + $3::interval, a.last_evaluated_at + greatest($4::interval,
    make_interval(secs => a.duration_ms * {TIMES_ITS_DURATION} / 1000.0))))"""
# A change that does not say where it was concerns every alert of its namespace.
SEARCHED = f"""
    WITH changed AS MATERIALIZED (
      SELECT DISTINCT e.namespace_id, CASE e.subject_type WHEN 'collection' THEN e.subject_id
                                      ELSE e.payload ->> 'collection_id' END AS collection_id
      FROM events e WHERE {WINDOW}
        AND (e.subject_type = 'document' OR e.event_type LIKE 'collection.documents.%'
             OR e.event_type = 'collection.deleted')),
    places AS MATERIALIZED (
      SELECT x.namespace_id, c.collection_id
      FROM changed x LEFT JOIN collections c ON c.collection_id = x.collection_id),
    concerned AS (
      SELECT a.alert_id, {DUE} AS due_at FROM alerts a
      WHERE a.enabled AND a.source = 'retriever' AND a.due_at > {DUE} AND EXISTS (
        SELECT FROM places p WHERE p.namespace_id = a.namespace_id AND (p.collection_id IS NULL OR EXISTS (
          SELECT FROM retrievers r WHERE r.namespace_id = a.namespace_id
            AND (r.retriever_id IN (a.retriever_id, a.retriever_identifier)
                 OR r.retriever_name IN (a.retriever_identifier, regexp_replace(a.retriever_identifier, '^ret_', '')))
            AND (cardinality(r.collection_identifiers) = 0
                 OR EXISTS (SELECT FROM jsonb_each_text(r.bindings) b WHERE b.value = p.collection_id)))))
      ORDER BY a.alert_id FOR NO KEY UPDATE OF a)
    UPDATE alerts a SET due_at = c.due_at FROM concerned c WHERE a.alert_id = c.alert_id"""  # noqa: S608
APPLIED = f"""
    WITH created AS MATERIALIZED (
      SELECT e.subject_id AS document_id, c.collection_id, c.namespace_id, min(e.seq) AS seq,
             c.settings -> 'alert_applications' AS applications
      FROM events e JOIN collections c ON c.collection_id = e.payload ->> 'collection_id'
      WHERE {WINDOW} AND e.event_type = 'document.created'
        AND jsonb_typeof(c.settings -> 'alert_applications') = 'array'
      GROUP BY 1, 2, 3),
    asked AS (
      INSERT INTO alert_documents (alert_id, document_id, collection_id)
      SELECT a.alert_id, x.document_id, x.collection_id
      FROM created x CROSS JOIN LATERAL jsonb_array_elements(x.applications) AS application
      JOIN alerts a ON a.namespace_id = x.namespace_id AND a.enabled AND a.source = 'retriever'
        AND application ->> 'alert_id' IN (a.alert_id, a.alert_name, 'alt_' || a.alert_name)
      WHERE application ->> 'execution_mode' = 'on_ingest'
      ORDER BY x.seq ON CONFLICT DO NOTHING RETURNING alert_id)
    UPDATE alerts a SET due_at = least(a.due_at, now() + $3::interval)
    WHERE a.alert_id IN (SELECT alert_id FROM asked)"""  # noqa: S608


class DueAlerts(Follower):
    """Follows the events for all alerts."""

    name = "alerts"

    async def take(self, connection: Connection, window: Window) -> None:
        """Makes alerts due."""
        await connection.execute(SEARCHED, window.start, window.end, SOON, APART)
        await connection.execute(APPLIED, window.start, window.end, SOON)
