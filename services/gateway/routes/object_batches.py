"""Uploading many objects with one call; each succeeds or fails by itself."""

from pydantic import ValidationError

from services.common.database.resources import get_row
from services.common.errors import InvalidArgumentError, LikenessError
from services.gateway.answers import JsonAnswer
from services.gateway.context import InNamespace
from services.gateway.object_views import object_answer
from services.gateway.problem import dotted
from services.gateway.routes.objects import Process
from services.gateway.routing import routes_of
from services.gateway.shapes.base import JsonObject
from services.gateway.shapes.objects import ObjectBatch, ObjectBatchResult, ObjectCreate
from services.gateway.uploads import Uploaded, upload

router = routes_of("Objects", "/buckets/{bucket}/objects/batch")


@router.post("", response_model=ObjectBatchResult)
async def create_objects(
    bucket: str, form: ObjectBatch, tenant: InNamespace, auto_process: Process = None
) -> JsonAnswer:
    """Uploads up to 100 objects; `failed` says which were refused and why."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    process = tenant.gateway.settings.auto_process if auto_process is None else auto_process
    succeeded: list[JsonObject] = []
    failed: list[JsonObject] = []
    for index, raw in enumerate(form.objects):
        try:
            uploaded = await upload(tenant, row, _read(raw), process=process)
            answer = await object_answer(tenant, row["bucket_id"], uploaded.object_id)
            succeeded.append(answer | _placed(index, uploaded))
        except LikenessError as error:
            failed.append({"object_index": index, "error": error.message, "error_type": error.kind})
    return JsonAnswer(
        {
            "succeeded": succeeded,
            "failed": failed,
            "total_requested": len(form.objects),
            "succeeded_count": len(succeeded),
            "failed_count": len(failed),
        }
    )


def _read(raw: JsonObject) -> ObjectCreate:
    try:
        return ObjectCreate.model_validate(raw)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        path = dotted(("body", *fault["loc"]))
        raise InvalidArgumentError(f"{path}: {fault['msg']}", path=path) from error


def _placed(index: int, uploaded: Uploaded) -> JsonObject:
    by = "idempotency_key" if uploaded.replayed else None
    return {"object_index": index, "replayed": uploaded.replayed, "replayed_by": by}
