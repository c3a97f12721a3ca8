"""Buckets."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.gateway.buckets import store
from services.gateway.buckets.shapes import Bucket, BucketCreate, BucketDeleted, BucketList, BucketPatch, to_bucket
from services.gateway.buckets.store import LIST_BUCKETS, SEARCH_BUCKETS
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.rows.dependents import dependents_of
from services.gateway.kit.shapes import cleared

router = routes_of("Buckets", "/buckets")


@router.post("")
async def create_bucket(form: BucketCreate, tenant: InNamespace) -> Bucket:
    """Creates a bucket."""
    columns = {
        "bucket_schema": form.bucket_schema.stored(),
        "description": form.description,
        "metadata": form.metadata or {},
        "unique_key": None if form.unique_key is None else form.unique_key.model_dump(),
        "settings": {"storage_class": form.storage_class},
    }
    pool = tenant.gateway.pool
    bucket_id = await store.create_bucket(pool, tenant.namespace_id, form.bucket_name, columns)
    return await _read(tenant, bucket_id)


async def _read(tenant: Tenant, identifier: str) -> Bucket:
    return to_bucket(await store.read_bucket(tenant.gateway.pool, tenant.namespace_id, identifier))


@router.get("")
async def list_buckets(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> BucketList:
    """Lists buckets."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_buckets_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> BucketList:
    """Lists buckets, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> BucketList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return BucketList(results=[], total_count=0, pagination=Pagination(), warnings=warnings)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            LIST_BUCKETS,
            query,
            body,
            where="b.namespace_id = $1 AND b.deleted_at IS NULL",
            values=(tenant.namespace_id,),
            search_sql=SEARCH_BUCKETS,
        )
        total = await store.count_buckets(db, tenant.namespace_id)
    return BucketList(results=found.shaped(to_bucket), total_count=total, pagination=found.pagination)


@router.get("/{bucket}")
async def get_bucket(bucket: str, tenant: InNamespace) -> Bucket:
    """One bucket, by id, name or `bkt_<name>`."""
    return await _read(tenant, bucket)


@router.patch("/{bucket}")
@router.put("/{bucket}")
async def update_bucket(bucket: str, form: BucketPatch, tenant: InNamespace) -> Bucket:
    """Changes what is given; fields are added to the schema, metadata are merged."""
    pool = tenant.gateway.pool
    bucket_id = (await get_row(pool, "bucket", tenant.namespace_id, bucket))["bucket_id"]
    columns = form.model_dump(include={"bucket_name", "description", "metadata", "unique_key"}, exclude_none=True)
    columns |= cleared(form, "description", "unique_key")
    if form.storage_class is not None:
        columns["settings"] = {"storage_class": form.storage_class}
    properties = form.bucket_schema.stored()["properties"] if form.bucket_schema else {}
    await store.update_bucket(pool, bucket_id, columns, properties)
    return await _read(tenant, bucket_id)


@router.delete("/{bucket}")
async def delete_bucket(bucket: str, tenant: InNamespace, force_foreclose: bool = False) -> BucketDeleted:
    """Hides a bucket at once, and deletes it with its objects and their documents as a task."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    pool, name = tenant.gateway.pool, row["bucket_name"]
    warnings = await dependents_of(pool, tenant.namespace_id, "bucket", row["bucket_id"], name)
    task_id = await store.delete_bucket(pool, row["bucket_id"])
    return BucketDeleted(
        task_id=task_id,
        bucket_id=row["bucket_id"],
        bucket_name=row["bucket_name"],
        message=f"Deleting bucket {row['bucket_name']}; GET /v1/tasks/{task_id} tells when it is done.",
        warnings=warnings,
    )
