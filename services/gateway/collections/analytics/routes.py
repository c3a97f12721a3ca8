"""How a collection grows, and what went wrong in it."""

import asyncpg
from fastapi import APIRouter

from services.common.database.bounded_reads import bounded, snapshot
from services.common.database.find_resources import get_collection
from services.common.row_types import Collection
from services.gateway.collections.analytics import store as sql
from services.gateway.collections.analytics.shapes import (
    ErrorMetric,
    ExtractorMetric,
    Extractors,
    Failures,
    Growth,
    GrowthMetric,
    Latency,
    LatencyMetric,
    Overview,
)
from services.gateway.kit.analytics import RangeAsked, percentage, period_of, share
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router: APIRouter = routes_of("Analytics", "/analytics/collections/{collection}")


@router.get("/overview")
async def overview(collection: str, tenant: InNamespace) -> Overview:
    """The collection at a glance."""
    pool = tenant.gateway.queries
    found = await get_collection(pool, tenant.namespace_id, collection)
    async with snapshot(pool, "path.collection") as connection:
        row = await connection.fetchrow(sql.OVERVIEW, found.collection_id)
        outcomes = await connection.fetchrow(sql.OUTCOMES, found.collection_id)
        taxonomies = await connection.fetchval(sql.ACTIVE_TAXONOMIES, found.collection_id)
    assert row is not None and outcomes is not None
    return Overview(
        collection_id=found.collection_id,
        collection_name=found.collection_name,
        total_documents=row["total"],
        documents_last_24h=row["day"],
        documents_last_7d=row["week"],
        avg_processing_time_ms=row["latency"],
        success_rate=success_rate(outcomes),
        active_taxonomies=taxonomies,
        active_clusters=0,
        last_indexed=row["last"],
    )


def success_rate(outcomes: asyncpg.Record | None) -> float:
    """Completed among those that ended; 1 when none has."""
    if outcomes is None or not outcomes["completed"] + outcomes["failed"]:
        return 1.0
    return share(outcomes["completed"], outcomes["completed"] + outcomes["failed"])


@router.get("/growth")
async def growth(collection: str, tenant: InNamespace, query: RangeAsked) -> Growth:
    """Documents added over time, with the success and the time of their processing."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_collection(pool, tenant.namespace_id, collection)
    values = (found.collection_id, period.start, period.end, period.unit)
    async with snapshot(pool, "query") as connection:
        added = {row["bucket"]: row for row in await connection.fetch(sql.LATENCY_OVER_TIME, *values)}
        outcomes = {row["bucket"]: row for row in await connection.fetch(sql.OUTCOMES_OVER_TIME, *values)}
    metrics = [
        GrowthMetric(
            time_bucket=bucket,
            documents_added=added[bucket]["count"] if bucket in added else 0,
            success_rate=success_rate(outcomes.get(bucket)),
            avg_latency_ms=added[bucket]["average"] if bucket in added else 0.0,
        )
        for bucket in sorted({*added, *outcomes})
    ]
    total = sum(metric.documents_added for metric in metrics)
    summary = {"documents_added": total, "failed": sum(row["failed"] for row in outcomes.values())}
    return Growth(collection_id=found.collection_id, time_range=period.shown, metrics=metrics, summary=summary)


@router.get("/failures")
async def failures(collection: str, tenant: InNamespace, query: RangeAsked) -> Failures:
    """Why objects could not be processed, by the reason that their errors begin with."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_collection(pool, tenant.namespace_id, collection)
    async with bounded(pool, "query") as connection:
        rows = await connection.fetch(sql.FAILURES, found.collection_id, period.start, period.end)
    total = sum(row["count"] for row in rows)
    return Failures(
        collection_id=found.collection_id,
        time_range=period.shown,
        error_distribution=[
            ErrorMetric(
                error_type=row["kind"],
                count=row["count"],
                percentage=percentage(row["count"], total),
                recent_message=row["recent"] or "",
            )
            for row in rows
        ],
        total_errors=total,
    )


@router.get("/latency")
async def latency(collection: str, tenant: InNamespace, query: RangeAsked) -> Latency:
    """How long extraction took over time, and the documents for which it took longest."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_collection(pool, tenant.namespace_id, collection)
    values = (found.collection_id, period.start, period.end)
    async with snapshot(pool, "query") as connection:
        rows = await connection.fetch(sql.LATENCY_OVER_TIME, *values, period.unit)
        slowest = await connection.fetch(sql.SLOWEST, *values)
    return Latency(
        collection_id=found.collection_id,
        time_range=period.shown,
        metrics=[
            LatencyMetric(
                time_bucket=row["bucket"],
                document_count=row["count"],
                avg_latency_ms=row["average"],
                p95_latency_ms=row["p95"],
                p99_latency_ms=row["p99"],
            )
            for row in rows
        ],
        slowest_documents=[{"document_id": row["document_id"], "latency_ms": row["latency"]} for row in slowest],
    )


@router.get("/extractors")
async def extractors(collection: str, tenant: InNamespace, query: RangeAsked) -> Extractors:
    """How the collection's extractor did."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_collection(pool, tenant.namespace_id, collection)
    async with snapshot(pool, "query") as connection:
        row = await connection.fetchrow(sql.LATENCY, found.collection_id, period.start, period.end)
        ended = await connection.fetch(sql.OUTCOMES_OVER_TIME, found.collection_id, period.start, period.end, "month")
    assert row is not None
    metric = _extractor(found, row, sum(each["completed"] for each in ended), sum(each["failed"] for each in ended))
    summary = {"execution_count": metric.execution_count, "failure_count": metric.failure_count}
    return Extractors(collection_id=found.collection_id, time_range=period.shown, extractors=[metric], summary=summary)


def _extractor(collection: Collection, row: asyncpg.Record, completed: int, failed: int) -> ExtractorMetric:
    name, _, version = collection.extractor.partition("@")
    return ExtractorMetric(
        extractor_name=name,
        version=version or "v1",
        execution_count=completed + failed,
        success_count=completed,
        failure_count=failed,
        success_rate=share(completed, completed + failed) if completed + failed else 1.0,
        avg_latency_ms=row["average"],
        p95_latency_ms=row["p95"],
        p99_latency_ms=row["p99"],
    )
