"""How retrievers do: over time, stage by stage, and when they were slowest."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.common.errors import InvalidArgumentError
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import Moment
from services.gateway.retrievers.analytics.shapes import Performance, StageBreakdown, StageMetrics, TimeRange
from services.gateway.retrievers.analytics.store import performance, slowest, stage_breakdown
from services.gateway.retrievers.history.shapes import ExecutionSummary, to_summary

router = routes_of("Analytics", "/analytics/retrievers/{retriever}")
Hours = Annotated[int, Query(ge=1, le=720, description="How far back")]
DAYS = 7
LONGEST_DAYS = 366


@router.get("/performance")
async def retriever_performance(
    retriever: str,
    tenant: InNamespace,
    start_date: Annotated[Moment | None, Query()] = None,
    end_date: Annotated[Moment | None, Query()] = None,
    group_by: Annotated[Literal["hour", "day"], Query()] = "hour",
) -> Performance:
    """Executions, errors and latencies for each hour or day, of the last week where no time is named."""
    retriever_id = await _id(retriever, tenant)
    end = end_date or datetime.now(UTC)
    start = start_date or end - timedelta(days=DAYS)
    if not timedelta(0) <= end - start <= timedelta(days=LONGEST_DAYS):
        raise InvalidArgumentError("start_date must come before end_date, by a year at most.", path="query.start_date")
    async with snapshot(tenant.gateway.queries, "query") as db:
        series, summary = await performance(db, retriever_id, start, end, group_by)
    time_range = TimeRange(start=start, end=end)
    return Performance(retriever_id=retriever_id, time_range=time_range, metrics=series, summary=summary)


@router.get("/stages")
async def stages(retriever: str, tenant: InNamespace, hours: Hours = 24) -> StageBreakdown:
    """What each stage takes, and how many documents it lets through."""
    retriever_id = await _id(retriever, tenant)
    rows = await stage_breakdown(tenant.gateway.pool, retriever_id, _ago(hours))
    metrics = [StageMetrics(**row) for row in rows]
    total = sum(each.avg_latency_ms for each in metrics)
    return StageBreakdown(retriever_id=retriever_id, stages=metrics, total_latency_ms=total)


@router.get("/slow-queries")
async def slow_queries(
    retriever: str, tenant: InNamespace, limit: Annotated[int, Query(ge=1, le=100)] = 10, hours: Hours = 24
) -> list[ExecutionSummary]:
    """The executions that took longest, slowest first."""
    rows = await slowest(tenant.gateway.pool, await _id(retriever, tenant), _ago(hours), limit)
    return [to_summary(row) for row in rows]


async def _id(retriever: str, tenant: Tenant) -> str:
    row = await get_row(tenant.gateway.pool, "retriever", tenant.namespace_id, retriever)
    return str(row["retriever_id"])


def _ago(hours: int) -> datetime:
    return datetime.now(UTC) - timedelta(hours=hours)
