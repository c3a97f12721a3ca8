"""What became of the objects of a batch, and trying again what failed."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.batches.lifecycle import back_to_draft, lock_batch, of_status, retry_items
from services.common.database.batches.tally import ENDED
from services.common.database.bounded_reads import snapshot
from services.gateway.batches.plans import submit
from services.gateway.batches.routes import batch_of
from services.gateway.batches.shapes import (
    Audit,
    Batch,
    BatchLogs,
    BatchRetried,
    BatchRetry,
    FailedDocuments,
    TierAudit,
)
from services.gateway.batches.store import (
    BY_COLLECTION,
    FAILED_ITEMS,
    FAILURES,
    SHOWN_FAILURES,
    all_tallies,
    batch_answer,
    get_batch,
)
from services.gateway.batches.views import PERMANENT, failure_kind, lines_of, status_now, to_failed_document
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Batches", "/buckets/{bucket}/batches/{batch_id}")
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000)]
COUNTS = ("pending", "processing", "completed", "failed", "skipped", "lost")


@router.get("/audit")
async def audit(bucket: str, batch_id: str, tenant: InNamespace) -> Audit:
    """Accounts for every object of a batch, from the records of its processing."""
    await batch_of(tenant, bucket, batch_id)
    async with snapshot(tenant.gateway.queries) as db:
        row = await get_batch(db, batch_id)
        tally = (await all_tallies(db, [row]))[batch_id]
        rows = await db.fetch(BY_COLLECTION, batch_id)
    return Audit(
        batch_id=batch_id,
        status=status_now(dict(row), tally),
        total=tally.total,
        **{name: getattr(tally, name) for name in COUNTS},
        all_balanced=tally.is_balanced,
        has_lost_objects=tally.lost > 0,
        tiers=[_tier(each) for each in rows],
    )


def _tier(row: asyncpg.Record) -> TierAudit:
    counts = {name: row[name] for name in COUNTS}
    return TierAudit(
        tier_num=0,
        collection_id=row["collection_id"],
        submitted=row["total"],
        **counts,
        balanced=sum(counts.values()) - counts["lost"] == row["total"],
    )


@router.get("/failed-documents")
async def failed_documents(
    bucket: str,
    batch_id: str,
    tenant: InNamespace,
    collection_id: str | None = None,
    limit: Limit = 100,
    *,
    offset: Offset = 0,
) -> FailedDocuments:
    """What of the batch failed, with the reason, and whether it may do better next time."""
    await batch_of(tenant, bucket, batch_id)
    rows = await tenant.gateway.pool.fetch(FAILED_ITEMS, batch_id, collection_id, limit, offset)
    failed = [to_failed_document(dict(row)) for row in rows]
    total = rows[0]["total"] if rows else 0
    return FailedDocuments(
        batch_id=batch_id, failed_documents=failed, results=failed, total=total, limit=limit, offset=offset
    )


@router.get("/logs")
async def logs(bucket: str, batch_id: str, tenant: InNamespace) -> BatchLogs:
    """What happened to a batch."""
    await batch_of(tenant, bucket, batch_id)
    async with snapshot(tenant.gateway.queries) as db:
        row = await get_batch(db, batch_id)
        tally = (await all_tallies(db, [row]))[batch_id]
        failures = await db.fetch(FAILURES, [batch_id], SHOWN_FAILURES)
    lines = lines_of(dict(row), [dict(each) for each in failures])
    return BatchLogs(batch_id=batch_id, status=status_now(dict(row), tally), logs=lines)


@router.post("/retry")
async def retry(bucket: str, batch_id: str, tenant: InNamespace, form: BatchRetry | None = None) -> BatchRetried:
    """Queues anew what failed: for a reason that may pass or, with `retry_mode: all`, for any."""
    await batch_of(tenant, bucket, batch_id)
    form = form or BatchRetry()
    task_id = None
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        batch = await lock_batch(connection, batch_id)
        if batch["status"] not in ENDED:
            raise of_status(batch, "it can be retried when it has ended")
        rows = await connection.fetch(FAILED_ITEMS, batch_id, None, None, 0)
        keys = [(row["object_id"], row["collection_id"]) for row in rows if _is_wanted(row, form)]
        if keys:
            task_id = await retry_items(connection, batch_id, keys, form.retry_mode)
        batch = await lock_batch(connection, batch_id)
    return BatchRetried(
        batch_id=batch_id,
        task_id=task_id,
        status=batch["status"],
        retried_count=len(keys),
        retry_count=batch["retry_count"],
        message=f"{len(keys)} of {len(rows)} failed documents are queued again.",
    )


def _is_wanted(row: asyncpg.Record, form: BatchRetry) -> bool:
    if row["retries"] >= form.max_retry_count:
        return False
    return form.retry_mode == "all" or failure_kind(row["reason"]) != PERMANENT


@router.post("/resubmit")
async def resubmit(bucket: str, batch_id: str, tenant: InNamespace, auto_submit: bool = True) -> Batch:
    """Runs a batch that has ended once more; `?auto_submit=false` only makes it a draft again."""
    await batch_of(tenant, bucket, batch_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        await back_to_draft(connection, batch_id)
        if auto_submit:
            await submit(connection, await lock_batch(connection, batch_id), [])
    return await batch_answer(tenant.gateway.pool, batch_id)
