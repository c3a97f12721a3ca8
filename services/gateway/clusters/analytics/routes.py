"""How clusters do: how long executions take, and why some fail."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.gateway.clusters.analytics.shapes import ClusterFailures, ExecutionHistory, ExecutionMetric, FailureMetric
from services.gateway.clusters.executions.routes import cluster_of
from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Analytics", "/analytics/clusters/{cluster}")
Hours = Annotated[int, Query(ge=1, le=720, description="How far back")]
Limit = Annotated[int, Query(ge=1, le=1000)]
SINCE = "FROM cluster_runs WHERE cluster_id = $1 AND created_at >= $2"
HISTORY = f"""
    SELECT run_id AS execution_id, coalesce(started_at, created_at) AS started_at, status, algorithm,
           coalesce(extract(epoch FROM coalesce(completed_at, now()) - started_at), 0)::float8 AS duration_seconds,
           num_points AS num_documents, num_clusters
    {SINCE} ORDER BY row_key DESC LIMIT $3"""  # noqa: S608
COUNTS = f"SELECT status, count(*)::int AS runs {SINCE} GROUP BY status ORDER BY status"
FAILURES = f"""
    SELECT run_id, error_message, coalesce(completed_at, updated_at) AS ended_at, count(*) OVER ()::int AS total
    {SINCE} AND status = 'failed' ORDER BY row_key DESC LIMIT 1000"""

# How the messages of faults begin that are not the request's.
OURS = ("INTERNAL", "The clustering process", "Its task ended")


@router.get("/execution-history")
async def execution_history(
    cluster: str, tenant: InNamespace, hours: Hours = 24, limit: Limit = 100
) -> ExecutionHistory:
    """The executions of the last hours, the newest first."""
    cluster_id, period = await cluster_of(tenant, cluster), last(hours)
    async with snapshot(tenant.gateway.queries, "query") as db:
        rows = await db.fetch(HISTORY, cluster_id, period.start, limit)
        counts = await db.fetch(COUNTS, cluster_id, period.start)
    results = [ExecutionMetric(**dict(row)) for row in rows]
    done = [each.duration_seconds for each in results if each.status == "completed"]
    summary = {
        "total_executions": sum(row["runs"] for row in counts),
        "executions_by_status": {row["status"]: row["runs"] for row in counts},
        "avg_duration_seconds": sum(done) / len(done) if done else 0.0,
    }
    return ExecutionHistory(cluster_id=cluster_id, time_range=period, results=results, summary=summary)


@router.get("/failures")
async def failures(cluster: str, tenant: InNamespace, hours: Hours = 24) -> ClusterFailures:
    """The executions of the last hours that failed, the newest first, and why."""
    cluster_id, period = await cluster_of(tenant, cluster), last(hours)
    rows = await tenant.gateway.pool.fetch(FAILURES, cluster_id, period.start)
    found = [
        FailureMetric(
            timestamp=row["ended_at"],
            execution_id=row["run_id"],
            error_message=row["error_message"] or "",
            error_type="internal" if (row["error_message"] or "").startswith(OURS) else "validation",
        )
        for row in rows
    ]
    total = rows[0]["total"] if rows else 0
    return ClusterFailures(cluster_id=cluster_id, time_range=period, failures=found, total_failures=total)


def last(hours: int) -> TimeRange:
    """From so many hours ago until now."""
    now = datetime.now(UTC)
    return TimeRange(start=now - timedelta(hours=hours), end=now)
