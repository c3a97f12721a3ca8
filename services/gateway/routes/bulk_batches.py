"""Submitting many batches with one call: the whole bucket in pieces, or every draft."""

from services.common.database.batch_runs import lock_batch
from services.common.database.resources import get_row
from services.common.ids import new_id
from services.gateway.batch_plans import asked_collections, filtered_objects, make_batch, submit
from services.gateway.context import InNamespace
from services.gateway.routing import routes_of
from services.gateway.shapes.batches import MAX_OBJECTS, BatchCreate, BulkSubmit, BulkSubmitted, Submitted

router = routes_of("Batches", "/buckets/{bucket}/batches")
DRAFTS = """
    SELECT b.batch_id, count(*) AS count FROM batches b JOIN batch_objects USING (batch_id)
    WHERE b.bucket_id = $1 AND b.status = 'DRAFT' GROUP BY b.batch_id, b.row_key ORDER BY b.row_key"""


@router.post("/bulk-submit")
async def bulk_submit(bucket: str, tenant: InNamespace, form: BulkSubmit | None = None) -> BulkSubmitted:
    """Submits the objects of a bucket, at most 50,000 in a call, in batches of `chunk_size`; all or none."""
    form = form or BulkSubmit()
    row, pool = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket), tenant.gateway.pool
    limit = min(form.max_objects or MAX_OBJECTS, MAX_OBJECTS)
    object_ids = await filtered_objects(pool, row["bucket_id"], form.filters, limit)
    await asked_collections(pool, tenant.namespace_id, row["bucket_id"], form.collection_ids)
    made: list[Submitted] = []
    async with pool.acquire() as connection, connection.transaction():
        for start in range(0, len(object_ids), form.chunk_size):
            chunk = object_ids[start : start + form.chunk_size]
            wanted = BatchCreate(
                object_ids=chunk, collection_ids=form.collection_ids, dedup_strategy=form.dedup_strategy
            )
            batch_id = await make_batch(connection, tenant, row, wanted)
            await submit(connection, await lock_batch(connection, batch_id), [])
            made.append(Submitted(batch_id=batch_id, status="PENDING", object_count=len(chunk)))
    return _answer(made, form.chunk_size)


@router.post("/submit-all")
async def submit_all(bucket: str, tenant: InNamespace) -> BulkSubmitted:
    """Submits every draft of a bucket that has objects; all or none."""
    row, pool = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket), tenant.gateway.pool
    made: list[Submitted] = []
    async with pool.acquire() as connection, connection.transaction():
        for draft in await connection.fetch(DRAFTS, row["bucket_id"]):
            await submit(connection, await lock_batch(connection, draft["batch_id"]), [])
            made.append(Submitted(batch_id=draft["batch_id"], status="PENDING", object_count=draft["count"]))
    return _answer(made, max((each.object_count for each in made), default=0))


def _answer(made: list[Submitted], chunk_size: int) -> BulkSubmitted:
    return BulkSubmitted(
        batch_group_id=new_id("bgrp", 12),
        total_objects=sum(each.object_count for each in made),
        total_batches=len(made),
        submitted=len(made),
        failed=0,
        chunk_size=chunk_size,
        batches=made,
    )
