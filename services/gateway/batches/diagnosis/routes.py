"""What is wrong with a batch, and taking back what it made."""

from datetime import UTC, datetime

from services.common.database.batches.lifecycle import lock_batch, of_status
from services.common.database.batches.tally import ENDED
from services.common.database.bounded_reads import snapshot
from services.gateway.batches.diagnosis.shapes import BatchDiagnosis, diagnosed
from services.gateway.batches.diagnosis.store import take_back
from services.gateway.batches.routes import batch_of
from services.gateway.batches.store import FAILURES, SHOWN_FAILURES, all_tallies, get_batch
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import Answer

router = routes_of("Batches", "/buckets/{bucket}/batches/{batch_id}")
STEP = 500
LAST_PROGRESS = "SELECT max(updated_at) FROM batch_item_states WHERE batch_id = $1"


class BatchDocumentsDeleted(Answer):
    """What was taken back."""

    batch_id: str
    deleted_count: int
    objects_affected: int
    message: str


@router.get("/diagnose")
async def diagnose(bucket: str, batch_id: str, tenant: InNamespace) -> BatchDiagnosis:
    """Status, times, counts and newest failures of a batch, and what to do about them."""
    await batch_of(tenant, bucket, batch_id)
    async with snapshot(tenant.gateway.queries) as db:
        row = await get_batch(db, batch_id)
        tally = (await all_tallies(db, [row]))[batch_id]
        failures = [dict(each) for each in await db.fetch(FAILURES, [batch_id], SHOWN_FAILURES)]
        last_progress = await db.fetchval(LAST_PROGRESS, batch_id)
    return diagnosed(dict(row), tally, failures, last_progress, datetime.now(UTC))


@router.delete("/documents")
async def delete_batch_documents(bucket: str, batch_id: str, tenant: InNamespace) -> BatchDocumentsDeleted:
    """Deletes the documents that a batch made, but for those made anew since; its objects can be processed again."""
    await batch_of(tenant, bucket, batch_id)
    documents = items = 0
    while True:
        async with tenant.gateway.pool.acquire() as connection, connection.transaction():
            batch = await lock_batch(connection, batch_id)
            if batch["status"] not in ENDED:
                raise of_status(batch, "its documents can be deleted when it has ended")
            taken = await take_back(connection, batch, STEP)
        await refresh_index(tenant.gateway, taken.document_ids)
        documents, items = documents + len(taken.document_ids), items + taken.items
        if not taken.items:
            break
    message = f"Deleted {documents} documents of batch {batch_id}."
    return BatchDocumentsDeleted(batch_id=batch_id, deleted_count=documents, objects_affected=items, message=message)
