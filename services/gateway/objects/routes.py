"""Objects of a bucket: uploading, labelling, listing."""

from typing import Annotated

from fastapi import Query, Response

from services.common.database.find_resources import get_row
from services.gateway.buckets.schema_check import require_types
from services.gateway.buckets.unique_keys import Policy, key_fields, require_same_key, touched_keys
from services.gateway.kit.affected import affected_by, affected_headers
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery, filter_of
from services.gateway.kit.misspelt_keys import slips_of, with_slips
from services.gateway.kit.unknown_field_warnings import unknown_in_bucket
from services.gateway.objects import edits
from services.gateway.objects.creation.create import Options, blobs_of, upload
from services.gateway.objects.creation.store import blob_rows
from services.gateway.objects.fields import patched_fields
from services.gateway.objects.row_view import with_fields
from services.gateway.objects.shapes import ObjectCreate, ObjectList, ObjectListBody, ObjectOut, ObjectPatch
from services.gateway.objects.store import LIST_OBJECTS, SEARCH_OBJECTS, read_object
from services.gateway.objects.views import object_answer, object_answers

router = routes_of("Objects", "/buckets/{bucket}/objects")
Process = Annotated[bool | None, Query(alias="auto_process", description="false: store without processing")]
PolicyAsked = Annotated[
    Policy | None, Query(alias="policy", description="What to do when an object has the same unique key")
]
Presigned = Annotated[bool, Query(alias="return_presigned_urls", description="Add links to the blobs")]


@router.post("", response_model=ObjectOut)
async def create_object(
    bucket: str, form: ObjectCreate, tenant: InNamespace, auto_process: Process = None, policy: PolicyAsked = None
) -> JsonAnswer:
    """Uploads an object; it is processed in the background. When this answers, it is stored durably."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    uploaded = await upload(tenant, row, form, Options(auto_process=auto_process, policy=policy))
    return JsonAnswer(uploaded.answer)


@router.get("", response_model=ObjectList)
async def list_objects(
    bucket: str, tenant: InNamespace, query: Annotated[ListQuery, Query()], presigned: Presigned = False
) -> JsonAnswer:
    """Lists the objects of a bucket."""
    return await _list(bucket, tenant, query, None, presigned=presigned)


@router.post("/list", response_model=ObjectList)
async def list_objects_by_body(
    bucket: str,
    tenant: InNamespace,
    query: Annotated[ListQuery, Query()],
    presigned: Presigned = False,
    body: ObjectListBody | None = None,
) -> JsonAnswer:
    """Lists the objects of a bucket, as the optional body says."""
    given = body.return_presigned_urls if body is not None else None
    return await _list(bucket, tenant, query, body, presigned=presigned if given is None else given)


async def _list(
    bucket: str, tenant: Tenant, query: ListQuery, body: ObjectListBody | None, *, presigned: bool
) -> JsonAnswer:
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    found = await listed(
        tenant.gateway.queries,
        LIST_OBJECTS,
        query,
        body,
        where="o.bucket_id = $1",
        values=(row["bucket_id"],),
        search_sql=SEARCH_OBJECTS,
    )
    results = await object_answers(tenant, found.page.rows, presigned=presigned)
    if body is not None and body.select is not None:
        results = [with_fields(each, body.select) for each in results]
    warnings = await unknown_in_bucket(
        tenant,
        row["bucket_id"],
        row["bucket_schema"].get("properties") or {},
        filter_of(query, body),
        is_empty=not (results or found.window.cursor or found.window.offset),
    )
    told = [each.model_dump() for each in warnings]
    return JsonAnswer({"results": results, "pagination": found.pagination.model_dump(), "warnings": told})


@router.get("/{object_id}", response_model=ObjectOut)
async def get_object(bucket: str, object_id: str, tenant: InNamespace, presigned: Presigned = False) -> JsonAnswer:
    """One object, with its status and, when it failed, the reason."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    return JsonAnswer(await object_answer(tenant, row["bucket_id"], object_id, presigned=presigned))


@router.patch("/{object_id}", response_model=ObjectOut)
@router.put("/{object_id}", response_model=ObjectOut)
async def label_object(bucket: str, object_id: str, form: ObjectPatch, tenant: InNamespace) -> JsonAnswer:
    """Merges fields into an object and its documents. A label set so is a person's: the next upload can match it."""
    gateway = tenant.gateway
    row = await get_row(gateway.pool, "bucket", tenant.namespace_id, bucket)
    fields = patched_fields(form, row["bucket_schema"])
    require_types(fields, row["bucket_schema"].get("properties") or {}, "body")
    if touched := touched_keys(key_fields(row["unique_key"]), fields):
        require_same_key(touched, fields, (await read_object(gateway.pool, row["bucket_id"], object_id))["fields"])
    blobs = blob_rows(await blobs_of(tenant, row, form.blobs or []))
    patched = await edits.patch_object(gateway.pool, row["bucket_id"], object_id, fields, form.key_prefix, blobs=blobs)
    await refresh_index(gateway, patched.document_ids)
    given = patched.fields if any(value is not None for value in fields.values()) else ()
    affected = await affected_by(gateway, patched.affected, patched.document_ids, given)
    slips = slips_of(form, form.metadata, row["bucket_schema"])
    return JsonAnswer(with_slips(await object_answer(tenant, row["bucket_id"], object_id), slips) | affected)


@router.delete("/{object_id}", status_code=204)
async def delete_object(bucket: str, object_id: str, tenant: InNamespace) -> Response:
    """Deletes an object with its documents. What a machine labelled by them is decided again, as the headers say."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    deleted = await edits.delete_object(tenant.gateway.pool, row["bucket_id"], object_id)
    await refresh_index(tenant.gateway, deleted.document_ids)
    found = await affected_by(tenant.gateway, deleted.affected)
    return Response(status_code=204, headers=affected_headers(found))
