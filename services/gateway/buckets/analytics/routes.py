"""How buckets grow, and what fails in them and in the namespace."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import bounded, snapshot
from services.common.database.find_resources import get_row
from services.common.database.pool import Connection
from services.gateway.buckets.analytics.shapes import (
    BucketError,
    BucketHealth,
    BucketsHealth,
    ErrorCount,
    NamespaceErrors,
    Storage,
    StorageMetric,
)
from services.gateway.kit.analytics import Period, RangeAsked, percentage, period_of
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Analytics", "/analytics")
STORED = """
    WITH added AS (
      SELECT greatest(date_trunc($4, o.created_at, 'UTC'), date_trunc($4, $2::timestamptz, 'UTC')) AS bucket,
             count(*) AS objects, coalesce(sum(b.size), 0)::bigint AS bytes
      FROM objects o LEFT JOIN LATERAL (
        SELECT sum(size_bytes) AS size FROM blobs WHERE blobs.object_id = o.object_id) b ON true
      WHERE o.bucket_id = $1 AND o.created_at < $3 GROUP BY 1)
    SELECT bucket, sum(objects) OVER w::bigint AS objects, sum(bytes) OVER w::bigint AS bytes, bytes AS added
    FROM added WINDOW w AS (ORDER BY bucket) ORDER BY bucket"""
ERRORS = """
    SELECT coalesce(substring(error FROM '^([A-Z][A-Z_]+):'), 'UNKNOWN') AS kind, count(*) AS count,
           min(updated_at) AS first, max(updated_at) AS last
    FROM objects WHERE bucket_id = $1 AND status = 'FAILED' AND updated_at >= $2 AND updated_at < $3
    GROUP BY kind ORDER BY count DESC, kind"""
BUCKETS = "SELECT bucket_id FROM buckets WHERE namespace_id = $1 AND deleted_at IS NULL ORDER BY created_at LIMIT 1000"
FAILED = """
    SELECT p.collection_id, count(*) AS count FROM processing p JOIN collections c USING (collection_id)
    WHERE c.namespace_id = $1 AND p.status = 'FAILED' AND p.updated_at > now() - make_interval(hours => $2)
    GROUP BY p.collection_id ORDER BY count DESC, p.collection_id"""


@router.get("/buckets/health")
async def buckets_health(tenant: InNamespace, query: RangeAsked) -> BucketsHealth:
    """What failed in each bucket of the namespace."""
    pool, period = tenant.gateway.queries, period_of(query)
    async with snapshot(pool, "query") as connection:
        rows = await connection.fetch(BUCKETS, tenant.namespace_id)
        buckets = [await _health(connection, row["bucket_id"], period) for row in rows]
    return BucketsHealth(time_range=period.shown, buckets=buckets)


@router.get("/buckets/{bucket}/health")
async def bucket_health(bucket: str, tenant: InNamespace, query: RangeAsked) -> BucketHealth:
    """What failed in a bucket, by the reason that errors begin with."""
    pool, period = tenant.gateway.queries, period_of(query)
    row = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    async with bounded(pool, "query") as connection:
        return await _health(connection, row["bucket_id"], period)


async def _health(connection: Connection, bucket_id: str, period: Period) -> BucketHealth:
    rows = await connection.fetch(ERRORS, bucket_id, period.start, period.end)
    total = sum(row["count"] for row in rows)
    return BucketHealth(
        bucket_id=bucket_id,
        time_range=period.shown,
        overall_health="degraded" if total else "healthy",
        total_errors=total,
        error_breakdown=[
            BucketError(
                error_type=row["kind"],
                count=row["count"],
                percentage=percentage(row["count"], total),
                first_seen=row["first"],
                last_seen=row["last"],
            )
            for row in rows
        ],
        sync_health=[],
        stuck_syncs=[],
    )


@router.get("/buckets/{bucket}/storage")
async def bucket_storage(bucket: str, tenant: InNamespace, query: RangeAsked) -> Storage:
    """How much a bucket held over time; blobs count once the server has their bytes."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    async with bounded(pool, "query") as connection:
        rows = await connection.fetch(STORED, found["bucket_id"], period.start, period.end, period.unit)
    metrics = [
        StorageMetric(
            time_bucket=row["bucket"],
            total_size_bytes=row["bytes"],
            object_count=row["objects"],
            avg_size_bytes=row["bytes"] // row["objects"],
            growth_rate_percent=percentage(row["added"], row["bytes"] - row["added"]),
        )
        for row in rows
    ]
    summary = (
        {"total_size_bytes": metrics[-1].total_size_bytes, "object_count": metrics[-1].object_count} if rows else {}
    )
    return Storage(bucket_id=found["bucket_id"], time_range=period.shown, metrics=metrics, summary=summary)


@router.get("/namespaces/errors")
async def namespace_errors(tenant: InNamespace, hours: Annotated[int, Query(ge=1, le=720)] = 24) -> NamespaceErrors:
    """How many objects failed in each collection of the namespace."""
    async with bounded(tenant.gateway.queries, "query") as connection:
        rows = await connection.fetch(FAILED, tenant.namespace_id, hours)
    counts = [ErrorCount(resource_id=row["collection_id"], error_count=row["count"]) for row in rows]
    total = sum(each.error_count for each in counts)
    return NamespaceErrors(
        namespace_id=tenant.namespace_id, hours=hours, collections=counts, clusters=[], total_errors=total
    )
