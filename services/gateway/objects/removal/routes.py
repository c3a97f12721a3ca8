"""Deleting many objects with one call."""

from services.common.database.find_resources import collections_of_bucket, get_row
from services.gateway.kit.affected import affected_by
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.objects.edits import delete_objects
from services.gateway.objects.removal.shapes import ObjectsRemoval, ObjectsRemoved, outcomes_of

router = routes_of("Objects", "/buckets/{bucket}/objects")


@router.post("/bulk-soft-delete")
async def remove_objects(bucket: str, form: ObjectsRemoval, tenant: InNamespace) -> ObjectsRemoved:
    """Deletes objects with their documents, as DELETE of each would: they cannot be brought back."""
    pool = tenant.gateway.pool
    row = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    why = form.model_dump(include={"reason", "lifecycle_state", "source"})
    async with pool.acquire() as connection, connection.transaction():
        deleted = await delete_objects(connection, row["bucket_id"], form.object_ids, why)
    await refresh_index(tenant.gateway, deleted.document_ids)
    return ObjectsRemoved(
        soft_deleted=len(deleted.object_ids),
        requested=len(form.object_ids),
        collections=len(await collections_of_bucket(pool, row["bucket_id"])),
        documents_deleted=len(deleted.document_ids),
        **await affected_by(tenant.gateway, deleted.affected),
        results=outcomes_of(form.object_ids, set(deleted.object_ids)),
    )
