"""What of the server itself is in trouble: one query per system condition, and measuring it.

Each gives a row for whatever is in trouble: {resource_type, resource_id, collection_id, value}, the worst first.
$1 is the namespace, and the others are parameters by the names beside the query; minutes come as intervals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from services.common.database.pool import Pool
from services.common.system_conditions import params_of
from services.worker.alerts.watched_alert import Found, WatchedAlert

COLLECTIONS = """c.namespace_id = $1 AND c.enabled AND ($2::text[] IS NULL OR c.collection_id = ANY($2)
      OR c.collection_name = ANY($2) OR 'col_' || c.collection_name = ANY($2))"""
RETRIEVER = """x.namespace_id = $1 AND x.retriever_id IS NOT NULL AND ($2::text IS NULL OR x.retriever_id IN (
      SELECT retriever_id FROM retrievers WHERE namespace_id = $1
      AND (retriever_id = $2 OR retriever_name = $2 OR 'ret_' || retriever_name = $2)))"""
MINUTES = "_minutes"
MOST_SHOWN = 20
MOST_MEASURED = 1000


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A query and the parameters that it takes after the namespace."""

    sql: str
    takes: tuple[str, ...]

    def complete(self, most: int) -> str:
        """The query, for so many rows at most."""
        return f"{self.sql.format(collections=COLLECTIONS, retriever=RETRIEVER)} LIMIT {most}"


COLLECTION_EMPTY = """
    SELECT 'collection' AS resource_type, c.collection_id AS resource_id, c.collection_id, 0 AS value
    FROM collections c WHERE {collections} AND c.created_at <= now() - $3::interval
      AND NOT EXISTS (SELECT FROM documents d WHERE d.collection_id = c.collection_id)
    ORDER BY c.created_at"""
COLLECTION_STALE = """
    SELECT 'collection' AS resource_type, c.collection_id AS resource_id, c.collection_id,
           round(extract(epoch FROM now() - coalesce(d.latest, c.created_at)) / 60) AS value
    FROM collections c CROSS JOIN LATERAL (
      SELECT max(d.updated_at) AS latest FROM documents d WHERE d.collection_id = c.collection_id) d
    WHERE {collections} AND coalesce(d.latest, c.created_at) <= now() - $3::interval
    ORDER BY coalesce(d.latest, c.created_at)"""
BATCH_FAILED = """
    SELECT 'batch' AS resource_type, batch_id AS resource_id, collection_ids[1] AS collection_id, 1 AS value
    FROM batches WHERE namespace_id = $1 AND status = 'FAILED' AND ended_at > now() - $2::interval
      AND $3 <= (SELECT count(*) FROM batches WHERE namespace_id = $1 AND status = 'FAILED'
                 AND ended_at > now() - $2::interval)
    ORDER BY ended_at DESC"""
BATCH_STALLED = """
    SELECT 'batch' AS resource_type, b.batch_id AS resource_id, b.collection_ids[1] AS collection_id,
           round(extract(epoch FROM now() - b.updated_at) / 60) AS value
    FROM batches b WHERE b.namespace_id = $1 AND b.status IN ('PENDING', 'PROCESSING')
      AND b.updated_at <= now() - $2::interval
      AND NOT EXISTS (SELECT FROM batch_item_states i WHERE i.batch_id = b.batch_id
                      AND i.state IN ('COMPLETED', 'FAILED') AND i.updated_at > now() - $2::interval)
    ORDER BY b.updated_at"""
BATCH_ERROR_RATE = """
    SELECT 'batch' AS resource_type, (array_agg(i.batch_id ORDER BY i.ended_at DESC)
             FILTER (WHERE i.outcome = 'FAILED'))[1] AS resource_id, i.collection_id,
           round(avg((i.outcome = 'FAILED')::int), 4) AS value
    FROM batch_items i JOIN batches b USING (batch_id)
    WHERE b.namespace_id = $1 AND i.outcome IN ('COMPLETED', 'FAILED') AND i.ended_at > now() - $3::interval
    GROUP BY i.collection_id HAVING count(*) >= $4 AND avg((i.outcome = 'FAILED')::int) > $2::float
    ORDER BY value DESC"""
INGEST_STALLED = """
    SELECT 'collection' AS resource_type, c.collection_id AS resource_id, c.collection_id, w.waiting AS value
    FROM collections c CROSS JOIN LATERAL (
      SELECT count(*) AS waiting, min(p.updated_at) AS since FROM processing p
      WHERE p.collection_id = c.collection_id AND p.status IN ('PENDING', 'PROCESSING')) w
    WHERE {collections} AND w.since <= now() - $3::interval
      AND NOT EXISTS (SELECT FROM processing p WHERE p.collection_id = c.collection_id
                      AND p.status IN ('COMPLETED', 'FAILED') AND p.updated_at > now() - $3::interval)
    ORDER BY w.waiting DESC"""
TASK_QUEUE_DEGRADED = """
    SELECT 'task' AS resource_type, w.task_id AS resource_id, NULL AS collection_id, w.waiting AS value
    FROM (SELECT count(*) AS waiting, min(created_at) AS since, (array_agg(task_id ORDER BY row_key))[1] AS task_id
          FROM tasks WHERE namespace_id = $1 AND status = 'PENDING') w
    WHERE w.waiting > $3 OR w.since <= now() - $2::interval"""
DLQ_GROWTH = """
    SELECT 'bucket' AS resource_type, bucket_id AS resource_id, NULL AS collection_id, count(*) AS value
    FROM objects WHERE namespace_id = $1 AND status = 'FAILED' AND updated_at > now() - $2::interval
    GROUP BY bucket_id HAVING count(*) >= $3 ORDER BY value DESC"""
RETRIEVER_LATENCY = """
    SELECT 'retriever' AS resource_type, x.retriever_id AS resource_id, x.collection_id, round(x.recent) AS value
    FROM (
      SELECT x.retriever_id, min(x.collection_ids[1]) AS collection_id, count(*) FILTER (WHERE x.is_recent) AS number,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY x.duration_ms) FILTER (WHERE x.is_recent) AS recent,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY x.duration_ms) FILTER (WHERE NOT x.is_recent) AS before
      FROM (SELECT x.*, x.created_at > now() - $3::interval AS is_recent FROM retriever_executions x
            WHERE {retriever} AND x.created_at > now() - ($3::interval + $4::interval)) x
      GROUP BY x.retriever_id) x
    WHERE x.number >= $5 AND x.recent > coalesce($6::float, $7::float * x.before) ORDER BY value DESC"""
RETRIEVER_NO_RESULTS = """
    SELECT 'retriever' AS resource_type, x.retriever_id AS resource_id, min(x.collection_ids[1]) AS collection_id,
           round(avg((x.total_returned = 0)::int), 4) AS value
    FROM retriever_executions x
    WHERE {retriever} AND x.status = 'completed' AND x.created_at > now() - $3::interval
    GROUP BY x.retriever_id HAVING count(*) >= $5 AND avg((x.total_returned = 0)::int) >= $4::float
    ORDER BY value DESC"""

MEASURES: Mapping[str, Measure] = {
    "collection_empty": Measure(sql=COLLECTION_EMPTY, takes=("collection_ids", "grace_minutes")),
    "collection_stale": Measure(sql=COLLECTION_STALE, takes=("collection_ids", "stale_minutes")),
    "batch_failed": Measure(sql=BATCH_FAILED, takes=("window_minutes", "min_failures")),
    "batch_stalled": Measure(sql=BATCH_STALLED, takes=("stall_minutes",)),
    "batch_error_rate": Measure(sql=BATCH_ERROR_RATE, takes=("error_rate_threshold", "window_minutes", "min_items")),
    "ingest_stalled": Measure(sql=INGEST_STALLED, takes=("collection_ids", "stall_minutes")),
    "task_queue_degraded": Measure(sql=TASK_QUEUE_DEGRADED, takes=("stall_minutes", "max_waiting")),
    "dlq_growth": Measure(sql=DLQ_GROWTH, takes=("window_minutes", "min_failures")),
    "retriever_latency": Measure(
        sql=RETRIEVER_LATENCY,
        takes=(
            *("retriever_id", "window_minutes", "baseline_minutes", "min_executions"),
            *("latency_ms", "latency_multiplier"),
        ),
    ),
    "retriever_no_results": Measure(
        sql=RETRIEVER_NO_RESULTS, takes=("retriever_id", "window_minutes", "no_result_rate", "min_executions")
    ),
}


async def measure(pool: Pool, watched: WatchedAlert) -> Found:
    """What is in trouble; `details` names the worst of it."""
    assert watched.system_condition is not None
    query = MEASURES[watched.system_condition["type"]]
    given = params_of(watched.system_condition).model_dump()
    values = [timedelta(minutes=given[name]) if name.endswith(MINUTES) else given[name] for name in query.takes]
    rows = await pool.fetch(query.complete(MOST_MEASURED), watched.namespace_id, *values)
    shown = [{**row, "value": float(row["value"])} for row in rows[:MOST_SHOWN]]
    return Found(
        count=len(rows),
        collection_id=next((row["collection_id"] for row in rows if row["collection_id"]), ""),
        details={"type": watched.system_condition["type"], "params": _told(given), "resources": shown},
    )


def _told(params: dict[str, Any]) -> dict[str, Any]:
    """The limits that were applied; what is watched, the alert itself says."""
    return {name: value for name, value in params.items() if isinstance(value, int | float)}
