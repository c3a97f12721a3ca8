"""Confirming many uploads with one call; each succeeds or fails by itself."""

from services.common.database.find_resources import get_row
from services.common.database.tasks.create_task import COMPLETED, COMPLETED_WITH_ERRORS, FAILED
from services.common.errors import LikenessError
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.routes import PolicyAsked
from services.gateway.tasks.shapes import to_task
from services.gateway.tasks.store import record_task
from services.gateway.uploads.confirmation import Confirmation, confirm
from services.gateway.uploads.shapes import ConfirmBatch, ConfirmedBatch

router = routes_of("Uploads", "/buckets/{bucket}/uploads/confirm/batch")
TASK_TYPE = "api_buckets_uploads_batch_confirm"


@router.post("")
async def confirm_uploads(
    bucket: str, form: ConfirmBatch, tenant: InNamespace, policy: PolicyAsked = None
) -> ConfirmedBatch:
    """Confirms up to 100 uploads; the outputs of the task say what became of each."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    done: list[JsonObject] = []
    for each in form.confirmations:
        try:
            confirmed = await confirm(tenant, each.upload_id, Confirmation(bucket=row, form=each, policy=policy))
            done.append(confirmed.model_dump(mode="json"))
        except LikenessError as error:
            done.append({"upload_id": each.upload_id, "error": error.message, "error_type": error.kind})
    failed = sum("error" in each for each in done)
    status = FAILED if failed == len(done) else COMPLETED_WITH_ERRORS if failed else COMPLETED
    outputs = {"results": done, "confirmed_count": len(done) - failed, "failed_count": failed}
    ids = [each.upload_id for each in form.confirmations]
    task = await record_task(
        tenant.gateway.pool, TASK_TYPE, tenant.namespace_id, status=status, inputs={"upload_ids": ids}, outputs=outputs
    )
    return ConfirmedBatch(
        task_id=task["task_id"],
        status=status,
        confirmations_count=len(done),
        task=to_task(task),
        message=f"{len(done) - failed} of {len(done)} uploads are confirmed.",
    )
