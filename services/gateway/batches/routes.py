"""Batches of a bucket: choosing objects and processing them together."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.batches.lifecycle import add_objects, cancel_batch, lock_batch, of_status
from services.common.database.batches.tally import DRAFT, ENDED
from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.gateway.batches.plans import asked_collections, make_batch, require_objects, submit, unknown_in_batch
from services.gateway.batches.shapes import (
    Batch,
    BatchCreate,
    BatchList,
    BatchListBody,
    BatchObjects,
    BatchPatch,
    BatchSubmit,
)
from services.gateway.batches.store import LIST_BATCHES, SEARCH_BATCHES, batch_answer, batch_answers, get_batch
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.kit.rows.change_row import change_row
from services.gateway.kit.shapes import Deleted
from services.gateway.tasks.shapes import TaskOut, to_task
from services.gateway.tasks.store import get_task

router = routes_of("Batches", "/buckets/{bucket}/batches")
AutoSubmit = Annotated[bool | None, Query(description="Submit the batch at once")]
MATCHES = (
    "b.bucket_id = $1 AND ($2::text IS NULL OR b.status = $2) AND ($3::text IS NULL OR $3 = ANY(b.collection_ids))"
)


async def bucket_of(tenant: Tenant, bucket: str) -> asyncpg.Record:
    """The bucket that the path names."""
    return await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)


async def batch_of(tenant: Tenant, bucket: str, batch_id: str) -> asyncpg.Record:
    """The batch that the path names."""
    row = await bucket_of(tenant, bucket)
    return await get_batch(tenant.gateway.pool, batch_id, bucket_id=row["bucket_id"])


@router.post("")
async def create_batch(
    bucket: str,
    form: BatchCreate,
    tenant: InNamespace,
    auto_submit: AutoSubmit = None,
    trigger_processing: AutoSubmit = None,
) -> Batch:
    """Creates a draft of the objects named or described, and submits it if that is asked for."""
    row = await bucket_of(tenant, bucket)
    wishes = (auto_submit, trigger_processing, form.auto_submit, form.trigger_processing)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        batch_id = await make_batch(connection, tenant, row, form)
        if next((wish for wish in wishes if wish is not None), False):
            await submit(connection, await lock_batch(connection, batch_id), [])
    answer = await batch_answer(tenant.gateway.pool, batch_id)
    warnings = await unknown_in_batch(tenant, row, form.filters, is_empty=not answer.object_ids)
    return answer.model_copy(update={"warnings": warnings})


@router.get("")
async def list_batches(bucket: str, tenant: InNamespace, query: Annotated[ListQuery, Query()]) -> BatchList:
    """Lists the batches of a bucket."""
    return await _list(bucket, tenant, query, None)


@router.post("/list")
async def list_batches_by_body(
    bucket: str, tenant: InNamespace, query: Annotated[ListQuery, Query()], body: BatchListBody | None = None
) -> BatchList:
    """Lists the batches of a bucket, as the optional body says."""
    return await _list(bucket, tenant, query, body)


async def _list(bucket: str, tenant: Tenant, query: ListQuery, body: BatchListBody | None) -> BatchList:
    row = await bucket_of(tenant, bucket)
    status, collection_id = (body.status, body.collection_id) if body else (None, None)
    values = (row["bucket_id"], status, collection_id)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(db, LIST_BATCHES, query, body, where=MATCHES, values=values, search_sql=SEARCH_BATCHES)
        results = await batch_answers(db, found.page.rows, with_objects=False)
        total = int(await db.fetchval(f"SELECT count(*) FROM batches b WHERE {MATCHES}", *values))  # noqa: S608
    return BatchList(results=results, total_count=total, pagination=found.pagination)


@router.get("/{batch_id}")
async def read_batch(bucket: str, batch_id: str, tenant: InNamespace) -> Batch:
    """One batch, with its objects and its progress."""
    await batch_of(tenant, bucket, batch_id)
    return await batch_answer(tenant.gateway.pool, batch_id)


@router.patch("/{batch_id}")
async def update_batch(bucket: str, batch_id: str, form: BatchPatch, tenant: InNamespace) -> Batch:
    """Merges metadata into a batch."""
    await batch_of(tenant, bucket, batch_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        await change_row(connection, "batches", "batch_id", batch_id, {"metadata": form.metadata or {}})
    return await batch_answer(tenant.gateway.pool, batch_id)


@router.delete("/{batch_id}")
async def delete_batch(bucket: str, batch_id: str, tenant: InNamespace) -> Deleted:
    """Forgets a batch that is a draft or has ended; its objects and documents stay."""
    await batch_of(tenant, bucket, batch_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        batch = await lock_batch(connection, batch_id)
        if batch["status"] not in (DRAFT, *ENDED):
            raise of_status(batch, "cancel it first")
        await connection.execute("DELETE FROM batches WHERE batch_id = $1", batch_id)
    return Deleted(message=f"Deleted batch {batch_id}.")


@router.post("/{batch_id}/objects")
async def add_to_batch(bucket: str, batch_id: str, form: BatchObjects, tenant: InNamespace) -> Batch:
    """Adds objects to a draft."""
    row = await batch_of(tenant, bucket, batch_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        batch = await lock_batch(connection, batch_id)
        if batch["status"] != DRAFT:
            raise of_status(batch, "objects can be added to a DRAFT only")
        await require_objects(connection, row["bucket_id"], form.object_ids)
        await add_objects(connection, batch_id, form.object_ids)
    return await batch_answer(tenant.gateway.pool, batch_id)


@router.post("/{batch_id}/submit")
async def submit_draft(bucket: str, batch_id: str, tenant: InNamespace, form: BatchSubmit | None = None) -> TaskOut:
    """Queues the objects of a draft. When this answers, their jobs are stored durably."""
    row = await batch_of(tenant, bucket, batch_id)
    asked = form.collection_ids if form else None
    collections = await asked_collections(tenant.gateway.pool, tenant.namespace_id, row["bucket_id"], asked)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        task_id = await submit(connection, await lock_batch(connection, batch_id), collections)
    return await task_answer(tenant, task_id)


@router.post("/{batch_id}/cancel")
async def cancel(bucket: str, batch_id: str, tenant: InNamespace) -> TaskOut:
    """Takes back what waits in the queue; what is being processed ends by itself."""
    await batch_of(tenant, bucket, batch_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        task_id = await cancel_batch(connection, batch_id)
    return await task_answer(tenant, task_id)


async def task_answer(tenant: Tenant, task_id: str) -> TaskOut:
    """The task of a batch."""
    return to_task(await get_task(tenant.gateway.pool, task_id, [tenant.namespace_id]))
