"""Batches of all buckets; they belong to the organization, and X-Namespace narrows the list."""

from typing import Annotated

from fastapi import Query, Request

from services.common.database.batches.lifecycle import cancel_batch
from services.common.database.bounded_reads import snapshot
from services.gateway.batches.shapes import Batch, BatchList, BatchListBody
from services.gateway.batches.store import LIST_BATCHES, SEARCH_BATCHES, batch_answer, batch_answers, get_batch
from services.gateway.kit.context import Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.kit.shapes import Answer
from services.gateway.tasks.routes import namespaces_of
from services.gateway.tasks.shapes import TaskOut, to_task
from services.gateway.tasks.store import get_task

router = routes_of("Batches", "/batches")
MATCHES = """($1::text[] IS NULL OR b.namespace_id = ANY($1)) AND ($2::text IS NULL OR b.namespace_id = $2)
    AND ($3::text IS NULL OR b.status = $3) AND ($4::text IS NULL OR b.bucket_id = $4)
    AND ($5::text IS NULL OR $5 = ANY(b.collection_ids))"""
QUEUE = """
    SELECT count(*) FILTER (WHERE status = 'PROCESSING') AS active,
           count(*) FILTER (WHERE status = 'PENDING') AS waiting
    FROM batches WHERE $1::text[] IS NULL OR namespace_id = ANY($1)"""


class BatchQueue(Answer):
    """How many batches are at work, and how many wait."""

    active: int
    waiting: int


@router.get("")
async def list_all_batches(caller: Identified, request: Request, query: Annotated[ListQuery, Query()]) -> BatchList:
    """Lists the batches of every bucket."""
    return await _list(caller, request, query, None)


@router.post("/list")
async def list_all_batches_by_body(
    caller: Identified, request: Request, query: Annotated[ListQuery, Query()], body: BatchListBody | None = None
) -> BatchList:
    """Lists the batches of every bucket, as the optional body says."""
    return await _list(caller, request, query, body)


async def _list(caller: Identity, request: Request, query: ListQuery, body: BatchListBody | None) -> BatchList:
    asked = body or BatchListBody()
    named = request.headers.get("x-namespace") or asked.namespace_id
    namespace_id = await caller.gateway.tenants.get(named) if named else None
    values = (namespaces_of(caller), namespace_id, asked.status, asked.bucket_id, asked.collection_id)
    async with snapshot(caller.gateway.queries) as db:
        found = await listed(db, LIST_BATCHES, query, body, where=MATCHES, values=values, search_sql=SEARCH_BATCHES)
        results = await batch_answers(db, found.page.rows, with_objects=False)
        total = int(await db.fetchval(f"SELECT count(*) FROM batches b WHERE {MATCHES}", *values))  # noqa: S608
    return BatchList(results=results, total_count=total, pagination=found.pagination)


@router.get("/queue")
async def batch_queue(caller: Identified) -> BatchQueue:
    """How many batches are at work, and how many wait."""
    row = await caller.gateway.pool.fetchrow(QUEUE, namespaces_of(caller))
    return BatchQueue(active=row["active"] if row else 0, waiting=row["waiting"] if row else 0)


@router.get("/{batch_id}")
async def read_any_batch(batch_id: str, caller: Identified) -> Batch:
    """One batch, whatever its bucket."""
    await get_batch(caller.gateway.pool, batch_id, namespaces=namespaces_of(caller))
    return await batch_answer(caller.gateway.pool, batch_id)


@router.post("/{batch_id}/cancel")
async def cancel_any_batch(batch_id: str, caller: Identified) -> TaskOut:
    """Takes back what waits in the queue; what is being processed ends by itself."""
    pool, namespaces = caller.gateway.pool, namespaces_of(caller)
    row = await get_batch(pool, batch_id, namespaces=namespaces)
    caller.require(row["namespace_id"])
    async with pool.acquire() as connection, connection.transaction():
        task_id = await cancel_batch(connection, batch_id)
    return to_task(await get_task(pool, task_id, namespaces))
