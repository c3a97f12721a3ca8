"""What buckets, extractors and a namespace did, for dashboards."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.bounded_reads import bounded
from services.common.database.find_resources import get_row
from services.gateway.kit.analytics import RangeAsked, period_of, share
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.organization.usage import store as sql
from services.gateway.organization.usage.shapes import (
    CostBreakdown,
    ExtractorRuns,
    NamespaceSummary,
    UploadMetric,
    UploadPerformance,
    Usage,
    UsageMetric,
)

router = routes_of("Analytics", "/analytics")
TIMES = {"avg_latency_ms": "average", "p95_latency_ms": "p95", "p99_latency_ms": "p99"}


@router.get("/buckets/{bucket}/usage")
async def bucket_usage(bucket: str, tenant: InNamespace, query: RangeAsked) -> Usage:
    """What a bucket kept over time, in gigabyte hours, and how many objects came."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    async with bounded(pool, "query") as connection:
        rows = await connection.fetch(sql.STORED, found["bucket_id"], period.start, period.end, period.unit)
    metrics = [
        UsageMetric(
            time_bucket=row["bucket"], storage_gb_hours=float(row["gb_hours"]), upload_operations=row["objects"]
        )
        for row in rows
    ]
    return Usage(bucket_id=found["bucket_id"], time_range=period.shown, metrics=metrics, cost_breakdown=CostBreakdown())


@router.get("/buckets/{bucket}/upload-performance")
async def upload_performance(bucket: str, tenant: InNamespace, query: RangeAsked) -> UploadPerformance:
    """How presigned uploads went: how long from the link to the confirmation, how fast, how many failed."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    async with bounded(pool, "query") as connection:
        rows = await connection.fetch(sql.UPLOADS, found["bucket_id"], period.start, period.end, period.unit)
    counts = {"upload_count": sum(row["count"] for row in rows), "failed_count": sum(row["failed"] for row in rows)}
    return UploadPerformance(
        bucket_id=found["bucket_id"],
        time_range=period.shown,
        metrics=[_upload_metric(row) for row in rows],
        summary=counts,
    )


def _upload_metric(row: asyncpg.Record) -> UploadMetric:
    return UploadMetric(
        time_bucket=row["bucket"],
        upload_count=row["count"],
        **{name: row[column] for name, column in TIMES.items()},
        avg_throughput_mbps=row["throughput"],
        error_rate=share(row["failed"], row["count"]),
    )


@router.get("/extractors/performance")
async def extractor_performance(
    tenant: InNamespace,
    extractor_name: Annotated[str | None, Query(max_length=200)] = None,
    hours: Annotated[int, Query(ge=1, le=720)] = 24,
) -> list[ExtractorRuns]:
    """How each extractor did in the namespace; one that ran nothing in this time is missing."""
    async with bounded(tenant.gateway.queries, "query") as connection:
        rows = await connection.fetch(sql.EXTRACTORS, tenant.namespace_id, extractor_name, hours)
    return [_runs(row) for row in rows]


def _runs(row: asyncpg.Record) -> ExtractorRuns:
    name, _, version = row["extractor"].partition("@")
    ended = row["completed"] + row["failed"]
    return ExtractorRuns(
        extractor_name=name,
        version=version or "v1",
        execution_count=ended,
        success_count=row["completed"],
        failure_count=row["failed"],
        success_rate=share(row["completed"], ended),
        **{name: row[column] for name, column in TIMES.items()},
    )


@router.get("/namespaces/summary")
async def namespace_summary(tenant: InNamespace, days: Annotated[int, Query(ge=1, le=90)] = 7) -> NamespaceSummary:
    """What is in the namespace and what was done in it; there is nothing to recommend, no index is missing."""
    async with bounded(tenant.gateway.queries, "query") as connection:
        row = await connection.fetchrow(sql.SUMMARY, tenant.namespace_id, days)
    return NamespaceSummary(
        namespace_id=tenant.namespace_id,
        time_range_days=days,
        summary=dict(row or {}),
        recommendations=[],
        most_queried_fields=[],
        slowest_fields=[],
        compound_indexes=[],
    )
