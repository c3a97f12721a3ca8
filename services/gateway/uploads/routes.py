"""Uploads by presigned URL, for files too large for a request: create, PUT the bytes, confirm."""

from typing import Annotated

import asyncpg
from fastapi import Query, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.objects.routes import PolicyAsked
from services.gateway.uploads.confirmation import Confirmation, confirm
from services.gateway.uploads.presigned import create, presigned_url
from services.gateway.uploads.shapes import (
    Confirmed,
    Upload,
    UploadBatch,
    UploadConfirm,
    UploadCreate,
    UploadList,
    UploadListBody,
    Uploads,
    to_upload,
)
from services.gateway.uploads.store import LIST_UPLOADS, SEARCH_UPLOADS, get_upload, has_ended, lock_upload, stats_of

router = routes_of("Uploads", "/buckets/{bucket}/uploads")
Links = Annotated[bool, Query(alias="return_presigned_urls", description="Add a link to what was uploaded")]


async def _bucket(tenant: Tenant, bucket: str) -> asyncpg.Record:
    return await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, bucket)


@router.post("")
async def create_upload(bucket: str, form: UploadCreate, tenant: InNamespace) -> Upload:
    """A URL to PUT the bytes of a file to; with a known `file_hash`, the upload that brought it before."""
    return await create(tenant.gateway.pool, tenant, await _bucket(tenant, bucket), form, "body")


@router.post("/batch")
async def create_uploads(bucket: str, form: UploadBatch, tenant: InNamespace) -> Uploads:
    """Up to 100 URLs; all or none."""
    row = await _bucket(tenant, bucket)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        made = [
            await create(connection, tenant, row, each, f"body.uploads.{position}")
            for position, each in enumerate(form.merged())
        ]
    return Uploads(uploads=made, total=len(made))


@router.get("")
async def list_uploads(
    bucket: str, tenant: InNamespace, query: Annotated[ListQuery, Query()], links: Links = False
) -> UploadList:
    """Lists the uploads of a bucket."""
    return await _list(bucket, tenant, query, None, links=links)


@router.post("/list")
async def list_uploads_by_body(
    bucket: str,
    tenant: InNamespace,
    query: Annotated[ListQuery, Query()],
    body: UploadListBody | None = None,
) -> UploadList:
    """Lists the uploads of a bucket, as the optional body says."""
    return await _list(bucket, tenant, query, body, links=bool(body and body.return_presigned_urls))


async def _list(
    bucket: str, tenant: Tenant, query: ListQuery, body: UploadListBody | None, *, links: bool
) -> UploadList:
    row = await _bucket(tenant, bucket)
    values = (row["bucket_id"],)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            LIST_UPLOADS,
            query,
            body,
            where="u.bucket_id = $1",
            values=values,
            search_sql=SEARCH_UPLOADS,
        )
        stats = await stats_of(db, row["bucket_id"])
    results = [to_upload(each, await _link(tenant, each) if links else None) for each in found.page.rows]
    return UploadList(results=results, pagination=found.pagination, stats=stats)


async def _link(tenant: Tenant, row: asyncpg.Record) -> str | None:
    """Where what was uploaded can be read, or while it waits, where its bytes can be put."""
    if row["storage_key"] is not None:
        return await tenant.gateway.blobs.presign(row["storage_key"], tenant.gateway.settings.presigned_seconds)
    return await presigned_url(tenant, row) if row["status"] == "PENDING" else None


@router.get("/{upload_id}")
async def read_upload(bucket: str, upload_id: str, tenant: InNamespace, links: Links = False) -> Upload:
    """One upload."""
    row = await get_upload(tenant.gateway.pool, (await _bucket(tenant, bucket))["bucket_id"], upload_id)
    return to_upload(row, await _link(tenant, row) if links else None)


@router.delete("/{upload_id}", status_code=204)
async def delete_upload(bucket: str, upload_id: str, tenant: InNamespace) -> Response:
    """Cancels an upload that has not been confirmed, and drops its bytes."""
    gateway = tenant.gateway
    await get_upload(gateway.pool, (await _bucket(tenant, bucket))["bucket_id"], upload_id)
    async with gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_upload(connection, upload_id)
        if row["status"] == "COMPLETED":
            raise has_ended(upload_id, "COMPLETED and cannot be canceled")
        await connection.execute("UPDATE uploads SET status = 'CANCELED' WHERE upload_id = $1", upload_id)
    await gateway.staging.discard(upload_id)
    return Response(status_code=204)


@router.post("/{upload_id}/confirm")
async def confirm_upload(
    bucket: str, upload_id: str, tenant: InNamespace, policy: PolicyAsked = None, form: UploadConfirm | None = None
) -> Confirmed:
    """Checks what has arrived and makes the object; repeating it is safe."""
    wanted = Confirmation(bucket=await _bucket(tenant, bucket), form=form or UploadConfirm(), policy=policy)
    return await confirm(tenant, upload_id, wanted)
