"""Numbers from the history of executions: how long retrievers take, stage by stage and over time."""

from datetime import datetime
from typing import Any

import asyncpg

from services.common.database.pool import Executor

LATEST = 200
# The stages of the newest executions that went well, one row each.
STAGES = """
    SELECT s.value ->> 'stage_name' AS stage_name, s.value ->> 'stage_type' AS stage_type, s.position,
      (s.value ->> 'duration_ms')::double precision AS duration_ms,
      (s.value ->> 'input_count')::double precision AS given, (s.value ->> 'output_count')::double precision AS kept
    FROM (SELECT * FROM retriever_executions
          WHERE retriever_id = $1 AND status = 'completed' AND created_at >= $2 ORDER BY row_key DESC LIMIT $3) x,
      jsonb_array_elements(x.stages) WITH ORDINALITY AS s (value, position)"""
MEDIANS = f"""
    SELECT stage_name, count(*) AS executions,
      percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS duration_ms,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY given)::bigint AS given,
      percentile_disc(0.5) WITHIN GROUP (ORDER BY kept)::bigint AS kept
    FROM ({STAGES}) s GROUP BY stage_name"""  # noqa: S608
BREAKDOWN = f"""
    SELECT stage_name, min(stage_type) AS stage_type, count(*) AS execution_count,
      avg(duration_ms) AS avg_latency_ms, percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_latency_ms,
      avg(given) AS avg_documents_in, avg(kept) AS avg_documents_out
    FROM ({STAGES}) s GROUP BY stage_name ORDER BY min(position)"""  # noqa: S608
NUMBERS = """count(*) AS execution_count, count(*) FILTER (WHERE status = 'failed') AS error_count,
    avg(duration_ms) AS avg_latency_ms, max(duration_ms) AS max_latency_ms,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY duration_ms) AS p50_latency_ms,
    percentile_cont(0.95) WITHIN GROUP (ORDER BY duration_ms) AS p95_latency_ms,
    percentile_cont(0.99) WITHIN GROUP (ORDER BY duration_ms) AS p99_latency_ms,
    avg(total_returned)::double precision AS avg_results"""
WITHIN = "FROM retriever_executions WHERE retriever_id = $1 AND created_at >= $2 AND created_at < $3"
SUMMARY = f"SELECT {NUMBERS} {WITHIN}"
SERIES = f"SELECT date_trunc($4, created_at) AS time_bucket, {NUMBERS} {WITHIN} GROUP BY 1 ORDER BY 1"
SLOWEST = """
    SELECT * FROM retriever_executions WHERE retriever_id = $1 AND created_at >= $2
    ORDER BY duration_ms DESC LIMIT $3"""


async def stage_medians(db: Executor, retriever_id: str, since: datetime) -> dict[str, asyncpg.Record]:
    """Stage name -> what it usually does, over the newest 200 executions."""
    rows = await db.fetch(MEDIANS, retriever_id, since, LATEST)
    return {row["stage_name"]: row for row in rows}


async def stage_breakdown(db: Executor, retriever_id: str, since: datetime) -> list[dict[str, Any]]:
    """What each stage did since then, in the order of the stages."""
    return [dict(row) for row in await db.fetch(BREAKDOWN, retriever_id, since, 10_000)]


async def performance(
    db: Executor, retriever_id: str, start: datetime, end: datetime, bucket: str
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Numbers for each hour or day, and for the whole time."""
    series = await db.fetch(SERIES, retriever_id, start, end, bucket)
    summary = await db.fetchrow(SUMMARY, retriever_id, start, end)
    return [dict(row) for row in series], dict(summary or {})


async def slowest(db: Executor, retriever_id: str, since: datetime, limit: int) -> list[asyncpg.Record]:
    """The executions that took longest."""
    return await db.fetch(SLOWEST, retriever_id, since, limit)
