"""Confirming uploads: what has arrived is checked, becomes a blob, and an object if that is wanted; once."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import Arrived
from services.common.database.batches.lifecycle import NewBatch, add_objects, create_batch, lock_batch
from services.common.database.pool import Connection
from services.common.errors import BadRequestError, InvalidArgumentError, LikenessError, TooLargeError
from services.gateway.batches.plans import submit
from services.gateway.buckets.unique_keys import Policy, policy_of, unique_key_of
from services.gateway.kit.context import Tenant
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.objects.creation.existing_content import blob_of
from services.gateway.objects.creation.store import NewObject, create_in
from services.gateway.uploads.presigned import DUPLICATE, require_type
from services.gateway.uploads.shapes import Confirmed, UploadConfirm, to_confirmed
from services.gateway.uploads.store import Wanted, get_upload, has_ended, hold_twin, lock_upload, note_arrival

COMPLETE = """
    UPDATE uploads SET status = 'COMPLETED', storage_key = $2, verified_at = now(), completed_at = now(),
      object_id = $3, batch_id = $4, task_id = $5, message = $6
    WHERE upload_id = $1 RETURNING *"""

GONE = "Its object '{object_id}' has been deleted since; create another upload to bring the file back."


@dataclass(frozen=True, kw_only=True)
class Confirmation:
    """What a caller wants of an upload of a bucket."""

    bucket: asyncpg.Record
    form: UploadConfirm
    policy: Policy | None


@dataclass(frozen=True, kw_only=True)
class _Ending:
    object_id: str | None = None
    batch_id: str | None = None
    task_id: str | None = None
    message: str | None = None
    document_ids: tuple[str, ...] = ()


async def confirm(tenant: Tenant, upload_id: str, wanted: Confirmation) -> Confirmed:
    """The upload as confirmed. A second confirmation, also at the same moment, says the same and makes nothing."""
    pool, bucket_id = tenant.gateway.pool, wanted.bucket["bucket_id"]
    row = await get_upload(pool, bucket_id, upload_id)
    if row["status"] == "COMPLETED":
        return await _confirmed_before(tenant, row)
    if row["status"] != "PENDING":
        raise has_ended(upload_id, row["status"])
    try:
        return await _confirm(tenant, row, wanted)
    except LikenessError:
        row = await get_upload(pool, bucket_id, upload_id)
        if row["status"] != "COMPLETED":
            raise
        return await _confirmed_before(tenant, row)


async def _confirmed_before(tenant: Tenant, row: asyncpg.Record) -> Confirmed:
    """What its confirmation said, and what has become of the object since."""
    query = "SELECT EXISTS (SELECT FROM objects WHERE object_id = $1)"
    if row["object_id"] is None or await tenant.gateway.pool.fetchval(query, row["object_id"]):
        return to_confirmed(row)
    return to_confirmed(dict(row) | {"message": GONE.format(object_id=row["object_id"])})


async def _confirm(tenant: Tenant, row: asyncpg.Record, wanted: Confirmation) -> Confirmed:
    gateway, upload_id = tenant.gateway, row["upload_id"]
    arrived = await _arrived(tenant, row)
    _check(row, wanted.form, arrived)
    storage_key = await gateway.staging.keep(tenant.namespace_id, arrived)
    async with gateway.pool.acquire() as connection, connection.transaction():
        locked = await lock_upload(connection, upload_id)
        if locked["status"] != "PENDING" or locked["sha256"] != arrived.sha256:
            raise has_ended(upload_id, "changed meanwhile")
        ending = await _end(connection, tenant, wanted, {**locked, "storage_key": storage_key})
        values = (ending.object_id, ending.batch_id, ending.task_id, ending.message)
        done = await connection.fetchrow(COMPLETE, upload_id, storage_key, *values)
    await gateway.staging.discard(upload_id)
    await refresh_index(gateway, ending.document_ids)
    return to_confirmed(done)


async def _arrived(tenant: Tenant, row: asyncpg.Record) -> Arrived:
    """What there is of an upload; BadRequestError when nothing has come."""
    staging = tenant.gateway.staging
    try:
        arrived = await staging.inspect(row["upload_id"])
    except TooLargeError:
        await staging.discard(row["upload_id"])
        raise
    if arrived is not None:
        if arrived.content_type is not None:
            require_type(arrived.content_type, row["content_type"], "body.upload_id")
        await note_arrival(tenant.gateway.pool, row, arrived)
        return arrived
    if row["staged_key"] is None:
        message = f"Nothing has been uploaded for '{row['upload_id']}'; PUT its bytes to its presigned_url first."
        raise BadRequestError(message, reason="UPLOAD_MISSING", id=row["upload_id"])
    facts = {name: row[name] for name in ("staged_key", "size_bytes", "sha256", "etag")}
    return Arrived(**facts, head=b"")


def _check(row: asyncpg.Record, form: UploadConfirm, arrived: Arrived) -> None:
    """InvalidArgumentError when what has arrived is not what was announced."""
    if not arrived.size_bytes:
        raise InvalidArgumentError("The upload is empty; a blob needs at least one byte.", path="body.file_size_bytes")
    if form.etag is not None and form.etag.strip().strip('"').lower() != arrived.etag:
        raise _mismatch("etag", form.etag, arrived.etag)
    for size in (form.file_size_bytes, row["file_size_bytes"]):
        if size is not None and size != arrived.size_bytes:
            raise _mismatch("file_size_bytes", size, arrived.size_bytes)
    if row["file_hash"] is not None and row["file_hash"] != arrived.sha256:
        raise _mismatch("file_hash", row["file_hash"], arrived.sha256)


def _mismatch(field: str, announced: object, found: object) -> InvalidArgumentError:
    path = f"body.{field}"
    return InvalidArgumentError(f"{path}: '{announced}' was announced, '{found}' has arrived; upload again.", path=path)


async def _end(connection: Connection, tenant: Tenant, wanted: Confirmation, row: dict[str, Any]) -> _Ending:
    twin = await _twin(connection, wanted, row)
    if twin is not None:
        return _Ending(object_id=twin["object_id"] if row["create_object_on_confirm"] else None, message=DUPLICATE)
    if not row["create_object_on_confirm"]:
        return _Ending()
    created = await create_in(connection, _new_object(tenant, wanted, row))
    ending = _Ending(object_id=created.object_id, document_ids=created.document_ids)
    if not wanted.form.auto_submit_batch:
        return ending
    return await _submitted(connection, tenant, row["bucket_id"], ending)


async def _twin(connection: Connection, wanted: Confirmation, row: dict[str, Any]) -> asyncpg.Record | None:
    if not row["skip_duplicates"]:
        return None
    lock = f"{row['bucket_id']}/{row['sha256']}"
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 1))", lock)
    has_object = row["create_object_on_confirm"]
    same = Wanted(
        bucket_id=row["bucket_id"],
        sha256=row["sha256"],
        upload_id=row["upload_id"],
        has_object=has_object,
        unique_key=unique_key_of(wanted.bucket["unique_key"], row["object_metadata"]) if has_object else None,
    )
    return await hold_twin(connection, same)


def _new_object(tenant: Tenant, wanted: Confirmation, row: dict[str, Any]) -> NewObject:
    config, fields = wanted.bucket["unique_key"], row["object_metadata"]
    return NewObject(
        namespace_id=tenant.namespace_id,
        bucket_id=row["bucket_id"],
        key_prefix=None,
        fields=fields,
        blobs=[blob_of(row, row["blob_property"], row["blob_type"])],
        unique_key=unique_key_of(config, fields),
        policy=policy_of(config, wanted.policy),
        process=tenant.gateway.settings.auto_process and not wanted.form.auto_submit_batch,
    )


async def _submitted(connection: Connection, tenant: Tenant, bucket_id: str, ending: _Ending) -> _Ending:
    """The object in a batch of its own, which is submitted in the same transaction."""
    new = NewBatch(
        namespace_id=tenant.namespace_id,
        bucket_id=bucket_id,
        collection_ids=[],
        dedup_strategy="replace",
        metadata={},
    )
    batch_id = await create_batch(connection, new)
    await add_objects(connection, batch_id, [str(ending.object_id)])
    task_id = await submit(connection, await lock_batch(connection, batch_id), [])
    return _Ending(object_id=ending.object_id, batch_id=batch_id, task_id=task_id, document_ids=ending.document_ids)
