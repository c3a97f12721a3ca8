"""Submitting many batches with one call: the whole bucket in pieces, or every draft."""

from services.common.database.batches.lifecycle import NewBatch, add_objects, create_batch, lock_batch
from services.common.database.find_resources import get_row
from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.ids import new_id
from services.gateway.batches.plans import asked_collections, filtered_objects, submit, unknown_in_batch
from services.gateway.batches.shapes import BulkSubmit, BulkSubmitted, Submitted
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Batches", "/buckets/{bucket}/batches")
MAX_BATCHES = 1000
MAX_SUBMITTED = 1_000_000
DRAFTS = """
    SELECT b.batch_id, count(*) AS count FROM batches b JOIN batch_objects USING (batch_id)
    WHERE b.bucket_id = $1 AND b.status = 'DRAFT' GROUP BY b.batch_id, b.row_key ORDER BY b.row_key"""


@router.post("/bulk-submit")
async def bulk_submit(bucket: str, tenant: InNamespace, form: BulkSubmit | None = None) -> BulkSubmitted:
    """Submits the objects of a bucket in batches of `chunk_size`: a million objects and 1,000 batches at most.

    Each batch is stored by itself: after an error, the same call with `dedup_strategy: skip` submits the rest.
    """
    form = form or BulkSubmit()
    row, pool = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket), tenant.gateway.pool
    collections = await asked_collections(pool, tenant.namespace_id, row["bucket_id"], form.collection_ids)
    object_ids = await _objects(pool, row["bucket_id"], form)
    group = new_id("bgrp", 12)
    new = NewBatch(
        namespace_id=tenant.namespace_id,
        bucket_id=row["bucket_id"],
        collection_ids=collections,
        dedup_strategy=form.dedup_strategy,
        metadata={"batch_group_id": group},
    )
    chunks = [object_ids[start : start + form.chunk_size] for start in range(0, len(object_ids), form.chunk_size)]
    warnings = await unknown_in_batch(tenant, row, form.filters, is_empty=not object_ids)
    answer = _answer([await _submit(pool, new, chunk) for chunk in chunks], form.chunk_size, group)
    return answer.model_copy(update={"warnings": warnings})


async def _objects(pool: Pool, bucket_id: str, form: BulkSubmit) -> list[str]:
    """The objects asked for; InvalidArgumentError when they are too many for one call."""
    most = min(MAX_BATCHES * form.chunk_size, MAX_SUBMITTED)
    object_ids = await filtered_objects(pool, bucket_id, form.filters, min(form.max_objects or most + 1, most + 1))
    if len(object_ids) > most:
        message = f"The bucket has more than {most} such objects; choose a larger chunk_size, filters or max_objects."
        raise InvalidArgumentError(message, path="body.chunk_size")
    return object_ids


async def _submit(pool: Pool, new: NewBatch, object_ids: list[str]) -> Submitted:
    async with pool.acquire() as connection, connection.transaction():
        batch_id = await create_batch(connection, new)
        await add_objects(connection, batch_id, object_ids)
        await submit(connection, await lock_batch(connection, batch_id), [])
    return Submitted(batch_id=batch_id, status="PENDING", object_count=len(object_ids))


@router.post("/submit-all")
async def submit_all(bucket: str, tenant: InNamespace) -> BulkSubmitted:
    """Submits every draft of a bucket that has objects; all or none."""
    row, pool = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket), tenant.gateway.pool
    made: list[Submitted] = []
    async with pool.acquire() as connection, connection.transaction():
        for draft in await connection.fetch(DRAFTS, row["bucket_id"]):
            await submit(connection, await lock_batch(connection, draft["batch_id"]), [])
            made.append(Submitted(batch_id=draft["batch_id"], status="PENDING", object_count=draft["count"]))
    return _answer(made, max((each.object_count for each in made), default=0), new_id("bgrp", 12))


def _answer(made: list[Submitted], chunk_size: int, group: str) -> BulkSubmitted:
    return BulkSubmitted(
        batch_group_id=group,
        total_objects=sum(each.object_count for each in made),
        total_batches=len(made),
        submitted=len(made),
        failed=0,
        chunk_size=chunk_size,
        batches=made,
    )
