"""Processing again what a collection is made from, or for the first time what was there before it."""

from services.common.database.batches.trigger_collection import Wanted, trigger
from services.common.database.find_resources import get_collection
from services.gateway.collections.reprocessing.shapes import Triggered, TriggerForm
from services.gateway.collections.unknown_field_warnings import unknown_in_sources
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Collections", "/collections/{collection}")


@router.post("/trigger", status_code=202)
async def trigger_collection(collection: str, tenant: InNamespace, form: TriggerForm | None = None) -> Triggered:
    """Processes the sources of a collection: those that failed or never were, or with `replace` all. Labels stay."""
    found = await get_collection(tenant.gateway.pool, tenant.namespace_id, collection)
    wanted = Wanted(path="body", **(form or TriggerForm()).model_dump())
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        made = await trigger(connection, found, wanted)
    return Triggered(
        batch_id=made.batch_ids[0] if made.batch_ids else None,
        task_id=made.task_id,
        collection_id=found.collection_id,
        source_bucket_ids=made.bucket_ids,
        source_collection_ids=made.source_collection_ids,
        batch_ids=made.batch_ids,
        task_ids=[made.task_id],
        batch_count=len(made.batch_ids),
        message=f"The sources of collection {found.collection_name} are being processed; ask for the task.",
        warnings=await unknown_in_sources(tenant, made.bucket_ids, made.source_collection_ids, wanted.source_filters),
    )
