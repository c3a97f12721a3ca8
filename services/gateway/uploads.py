"""Creating an object: read its forms, keep its inline blobs, then store it with its jobs in one transaction."""

import hashlib
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import Fetched
from services.common.database.objects import NewBlob, NewObject, create_object, find_by_key
from services.gateway.context import Tenant
from services.gateway.shapes.blob_data import read_data
from services.gateway.shapes.object_fields import created_fields
from services.gateway.shapes.objects import BlobForm, ObjectCreate


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The object's id; `replayed` when it existed already under the same idempotency key."""

    object_id: str
    replayed: bool


async def upload(tenant: Tenant, bucket: asyncpg.Record, form: ObjectCreate, *, process: bool) -> Uploaded:
    """Stores an object. When this returns, it is committed, and so are its jobs."""
    pool, bucket_id = tenant.gateway.pool, bucket["bucket_id"]
    fields = created_fields(form, bucket["bucket_schema"])
    data = [_data(tenant, blob, position) for position, blob in enumerate(form.blobs)]
    if form.idempotency_key and (found := await find_by_key(pool, bucket_id, form.idempotency_key)):
        return Uploaded(object_id=found, replayed=True)
    schema = bucket["bucket_schema"].get("properties") or {}
    kept = [await _keep(tenant, blob, item, schema) for blob, item in zip(form.blobs, data, strict=True)]
    new = NewObject(
        namespace_id=tenant.namespace_id,
        bucket_id=bucket_id,
        key_prefix=form.key_prefix,
        fields=fields,
        blobs=kept,
        idempotency_key=form.idempotency_key,
        process=process,
    )
    object_id, is_new = await create_object(pool, new)
    return Uploaded(object_id=object_id, replayed=not is_new)


def _data(tenant: Tenant, blob: BlobForm, position: int) -> str | Fetched:
    return read_data(blob.data, tenant.gateway.settings.max_blob_bytes, f"body.blobs.{position}.data")


async def _keep(tenant: Tenant, blob: BlobForm, data: str | Fetched, schema: dict[str, Any]) -> NewBlob:
    kind = blob.type or (schema.get(blob.property) or {}).get("type") or "image"
    if isinstance(data, str):
        return NewBlob(
            property=blob.property, type=kind, source_url=data, filename=blob.filename, mime_type=blob.mime_type
        )
    return NewBlob(
        property=blob.property,
        type=kind,
        storage_key=await tenant.gateway.blobs.put(tenant.namespace_id, data.content),
        filename=blob.filename or data.filename or None,
        mime_type=data.mime_type,
        size_bytes=len(data.content),
        sha256=hashlib.sha256(data.content).hexdigest(),
    )
