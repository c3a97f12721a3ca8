"""Uploading many objects with one call; each succeeds or fails by itself."""

from pydantic import ValidationError

from services.common.database.events.object_events import record_created_objects
from services.common.database.find_resources import get_row
from services.common.errors import InvalidArgumentError, LikenessError
from services.common.validation.unknown_keys import reason_of
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.error_envelope import dotted
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.creation.create import Options, Uploaded, upload
from services.gateway.objects.routes import PolicyAsked, Process
from services.gateway.objects.shapes import ObjectBatch, ObjectBatchResult, ObjectCreate

router = routes_of("Objects", "/buckets/{bucket}/objects/batch")


@router.post("", response_model=ObjectBatchResult)
async def create_objects(
    bucket: str, form: ObjectBatch, tenant: InNamespace, auto_process: Process = None, policy: PolicyAsked = None
) -> JsonAnswer:
    """Uploads up to 100 objects; `failed` says which were refused and why."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    options = Options(auto_process=auto_process, policy=policy)
    succeeded: list[JsonObject] = []
    failed: list[JsonObject] = []
    new: list[str] = []
    for index, raw in enumerate(form.objects):
        try:
            uploaded = await upload(tenant, row, _read(raw), options)
            succeeded.append(uploaded.answer | _placed(index, uploaded))
            new += [uploaded.answer["object_id"]] if uploaded.is_new else []
        except LikenessError as error:
            failed.append({"object_index": index, "error": error.message, "error_type": error.kind})
    await record_created_objects(tenant.gateway.pool, tenant.namespace_id, row["bucket_id"], new)
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
        raise InvalidArgumentError(f"{path}: {fault['msg']}", reason=reason_of(fault["type"]), path=path) from error


def _placed(index: int, uploaded: Uploaded) -> JsonObject:
    by = uploaded.replayed_by
    return {"object_index": index, "replayed": by is not None, "replayed_by": by}
