"""Buckets."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.resources import get_row
from services.common.ids import new_id
from services.gateway.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.listing import count_of, listed, unresolved
from services.gateway.routing import routes_of
from services.gateway.shapes.buckets import (
    Bucket,
    BucketCreate,
    BucketDeleted,
    BucketList,
    BucketPatch,
    BucketSchema,
    to_bucket,
)
from services.gateway.shapes.pages import ListBody, ListQuery, Pagination
from services.gateway.store import buckets
from services.gateway.store.tables import LIST_BUCKETS, SEARCH_BUCKETS

router = routes_of("Buckets", "/buckets")


@router.post("")
async def create_bucket(form: BucketCreate, tenant: InNamespace) -> Bucket:
    """Creates a bucket."""
    row = await buckets.create_bucket(
        tenant.gateway.pool,
        tenant.namespace_id,
        form.bucket_name,
        schema=_schema(form.bucket_schema),
        description=form.description,
        metadata=form.metadata or {},
    )
    return to_bucket(row)


def _schema(schema: BucketSchema) -> dict[str, object]:
    return {"properties": {}, **schema.model_dump(exclude_unset=True)}


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
    found = await listed(
        tenant.gateway.pool,
        LIST_BUCKETS,
        query,
        body,
        where="b.namespace_id = $1",
        values=(tenant.namespace_id,),
        search_sql=SEARCH_BUCKETS,
    )
    total = await count_of(tenant.gateway.pool, "buckets", tenant.namespace_id)
    return BucketList(results=found.shaped(to_bucket), total_count=total, pagination=found.pagination)


@router.get("/{bucket}")
async def get_bucket(bucket: str, tenant: InNamespace) -> Bucket:
    """One bucket, by id, name or `bkt_<name>`."""
    return to_bucket(await buckets.read_bucket(tenant.gateway.pool, tenant.namespace_id, bucket))


@router.patch("/{bucket}")
@router.put("/{bucket}")
async def update_bucket(bucket: str, form: BucketPatch, tenant: InNamespace) -> Bucket:
    """Changes what is given; fields are added to the schema, metadata are merged."""
    pool = tenant.gateway.pool
    row = await get_row(pool, "bucket", tenant.namespace_id, bucket)
    properties = _schema(form.bucket_schema)["properties"] if form.bucket_schema else {}
    await buckets.update_bucket(
        pool,
        row["bucket_id"],
        name=form.bucket_name,
        properties=properties if isinstance(properties, dict) else {},
        description=form.description,
        metadata=form.metadata or {},
    )
    return to_bucket(await buckets.read_bucket(pool, tenant.namespace_id, row["bucket_id"]))


@router.delete("/{bucket}")
async def delete_bucket(bucket: str, tenant: InNamespace) -> BucketDeleted:
    """Deletes a bucket with its objects and their documents."""
    row = await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)
    await buckets.delete_bucket(tenant.gateway.pool, tenant.namespace_id, row["bucket_id"])
    return BucketDeleted(
        task_id=new_id("task", 16),
        status="COMPLETED",
        bucket_id=row["bucket_id"],
        bucket_name=row["bucket_name"],
        message=f"Deleted bucket {row['bucket_name']}.",
    )
