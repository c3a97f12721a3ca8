"""Creating an object: read its forms, keep its inline blobs, then store it with its jobs in one transaction."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import Fetched
from services.common.errors import InvalidArgumentError
from services.common.row_types import Blob
from services.gateway.buckets.schema_check import require_types
from services.gateway.buckets.unique_keys import Policy, policy_of, unique_key_of
from services.gateway.kit.context import Tenant
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.misspelt_keys import slips_of, with_slips
from services.gateway.kit.shapes import JsonObject
from services.gateway.objects.creation.blob_data import FieldValue, read_data
from services.gateway.objects.creation.existing_content import content_of_upload, own_blob
from services.gateway.objects.creation.store import Created, NewBlob, NewObject, create_object, find_by_key
from services.gateway.objects.fields import created_fields
from services.gateway.objects.shapes import BlobForm, ObjectCreate
from services.gateway.objects.views import created_answer, object_answer

BY_KEY = "idempotency_key"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What the query of a request says of the object it creates; None leaves it to the server or the bucket."""

    auto_process: bool | None = None
    policy: Policy | None = None


@dataclass(frozen=True, kw_only=True)
class Uploaded:
    """The object as an answer; `replayed_by` says why an earlier one is returned unchanged."""

    answer: JsonObject
    replayed_by: str | None
    is_new: bool


@dataclass(frozen=True, kw_only=True)
class _Item:
    """A blob of the request: its type, and its data as it was read. Without data it names an upload."""

    form: BlobForm
    kind: str
    path: str
    data: str | Fetched | FieldValue | None


async def upload(tenant: Tenant, bucket: asyncpg.Record, form: ObjectCreate, options: Options) -> Uploaded:
    """Stores an object. When this returns, it is committed, and so are its jobs."""
    gateway, bucket_id = tenant.gateway, bucket["bucket_id"]
    items = [_read(tenant, blob, position, bucket["bucket_schema"]) for position, blob in enumerate(form.blobs)]
    values = {item.form.property: item.data.value for item in items if isinstance(item.data, FieldValue)}
    fields = values | created_fields(form, bucket["bucket_schema"])
    require_types(fields, bucket["bucket_schema"].get("properties") or {}, "body")
    unique_key, policy = unique_key_of(bucket["unique_key"], fields), policy_of(bucket["unique_key"], options.policy)
    if found := await find_by_key(gateway.pool, bucket_id, form.idempotency_key):
        return Uploaded(answer=await object_answer(tenant, bucket_id, found), replayed_by=BY_KEY, is_new=False)
    kept = [await _keep(tenant, bucket_id, item) for item in items if not isinstance(item.data, FieldValue)]
    new = NewObject(
        namespace_id=tenant.namespace_id,
        bucket_id=bucket_id,
        key_prefix=form.key_prefix,
        fields=fields,
        blobs=kept,
        idempotency_key=form.idempotency_key,
        unique_key=unique_key,
        policy=policy,
        skip_duplicates=form.skip_duplicates,
        process=gateway.settings.auto_process if options.auto_process is None else options.auto_process,
    )
    created = await create_object(gateway.pool, new)
    await refresh_index(gateway, created.document_ids)
    slips = slips_of(form, form.metadata, bucket["bucket_schema"])
    answer = with_slips(await _answer(tenant, new, created), slips)
    return Uploaded(answer=answer, replayed_by=created.replayed_by, is_new=created.created_at is not None)


async def blobs_of(tenant: Tenant, bucket: asyncpg.Record, forms: Sequence[BlobForm]) -> list[NewBlob]:
    """The blobs of a request, their bytes kept; InvalidArgumentError for what is no blob but the value of a field."""
    items = [_read(tenant, blob, position, bucket["bucket_schema"]) for position, blob in enumerate(forms)]
    for item in items:
        if isinstance(item.data, FieldValue):
            path = f"{item.path}.data"
            raise InvalidArgumentError(f"{path} is the value of a field; send it in 'metadata'.", path=path)
    return [await _keep(tenant, bucket["bucket_id"], item) for item in items]


async def _answer(tenant: Tenant, new: NewObject, created: Created) -> JsonObject:
    if created.created_at is None:
        return await object_answer(tenant, new.bucket_id, created.object_id)
    return created_answer(new, created)


def _read(tenant: Tenant, blob: BlobForm, position: int, schema: Mapping[str, Any]) -> _Item:
    declared = ((schema.get("properties") or {}).get(blob.property) or {}).get("type")
    kind, path = blob.type or declared or "image", f"body.blobs.{position}"
    if (blob.upload_id is None) == (blob.data is None):
        message = f"{path} must have either data or an upload_id."
        raise InvalidArgumentError(message, reason="INVALID_BLOB", path=f"{path}.data")
    if blob.upload_id is not None:
        return _Item(form=blob, kind=kind, path=path, data=None)
    data = read_data(blob.data, kind, tenant.gateway.settings.max_blob_bytes, f"{path}.data")
    return _Item(form=blob, kind=kind, path=path, data=data)


async def _keep(tenant: Tenant, bucket_id: str, item: _Item) -> NewBlob:
    blob = item.form
    if item.data is None:
        return await content_of_upload(tenant.gateway.pool, bucket_id, blob, item.kind, f"{item.path}.upload_id")
    if isinstance(item.data, Fetched):
        return await _keep_bytes(tenant, item, item.data)
    if known := await own_blob(tenant, str(item.data)):
        return _again(item, known)
    return NewBlob(
        property=blob.property,
        type=item.kind,
        source_url=str(item.data),
        filename=blob.filename,
        mime_type=blob.mime_type,
        sha256=blob.checksum,
    )


def _again(item: _Item, known: Blob) -> NewBlob:
    return NewBlob(
        property=item.form.property,
        type=item.kind,
        source_url=known.source_url,
        storage_key=known.storage_key,
        filename=item.form.filename or known.filename,
        mime_type=known.mime_type,
        size_bytes=known.size_bytes,
        sha256=known.sha256 or item.form.checksum,
    )


async def _keep_bytes(tenant: Tenant, item: _Item, data: Fetched) -> NewBlob:
    blob, sha256 = item.form, hashlib.sha256(data.content).hexdigest()
    if blob.checksum is not None and blob.checksum != sha256:
        path = f"{item.path}.checksum"
        raise InvalidArgumentError(f"{path} is not that of the data, which is sha256:{sha256}.", path=path)
    return NewBlob(
        property=blob.property,
        type=item.kind,
        storage_key=await tenant.gateway.blobs.put(tenant.namespace_id, data.content),
        filename=blob.filename or data.filename or None,
        mime_type=data.mime_type,
        size_bytes=len(data.content),
        sha256=sha256,
    )
