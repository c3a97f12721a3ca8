"""Presigned uploads: creating them, and taking their bytes where the blob store cannot do so itself."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import ForbiddenError, InvalidArgumentError, NotFoundError, TooLargeError
from services.common.ids import new_id
from services.gateway.buckets.schema_check import require_types
from services.gateway.buckets.unique_keys import unique_key_of
from services.gateway.kit.context import Tenant
from services.gateway.kit.dependencies import Gateway
from services.gateway.uploads.properties import plain_type, property_of, type_of
from services.gateway.uploads.shapes import Upload, UploadCreate, to_upload
from services.gateway.uploads.store import INSERT, Wanted, find_twin, has_ended, note_arrival

CONTENT = "/v1/uploads/content/"
SIGNED = "put:"
DUPLICATE = "A file with the same content is here already; no upload is needed."


async def create(db: Executor, tenant: Tenant, bucket: asyncpg.Record, form: UploadCreate, path: str) -> Upload:
    """A new upload, or the confirmed one of the same content."""
    require_types(
        form.object_metadata or {}, bucket["bucket_schema"].get("properties") or {}, f"{path}.object_metadata"
    )
    limit = tenant.gateway.settings.max_blob_bytes
    if (form.file_size_bytes or 0) > limit:
        place = f"{path}.file_size_bytes"
        raise TooLargeError(
            f"{place} is more than {limit} bytes, which LIKENESS_MAX_BLOB_BYTES sets.",
            reason="BLOB_TOO_LARGE",
            path=place,
        )
    blob_property = property_of(form.blob_property, form.filename, bucket["bucket_schema"], path)
    declared = ((bucket["bucket_schema"].get("properties") or {}).get(blob_property) or {}).get("type")
    blob_type = type_of(form.blob_type, form.content_type, declared, path)
    if form.file_hash and form.skip_duplicates and (twin := await find_twin(db, _wanted(bucket, form, form.file_hash))):
        more = {"is_duplicate": True, "duplicate_of_upload_id": twin["upload_id"]}
        return to_upload(dict(twin) | {"message": DUPLICATE}, None, **more)
    row = await db.fetchrow(
        INSERT,
        new_id("upl", 16),
        tenant.namespace_id,
        bucket["bucket_id"],
        form.filename,
        form.content_type,
        form.file_size_bytes,
        form.file_hash,
        form.presigned_url_expiration,
        form.metadata or {},
        form.object_metadata or {},
        form.create_object_on_confirm,
        blob_property,
        blob_type,
        form.skip_duplicates,
    )
    return to_upload(row, await presigned_url(tenant, row))


def _wanted(bucket: asyncpg.Record, form: UploadCreate, sha256: str) -> Wanted:
    has_object, key = form.create_object_on_confirm, bucket["unique_key"]
    return Wanted(
        bucket_id=bucket["bucket_id"],
        sha256=sha256,
        has_object=has_object,
        unique_key=unique_key_of(key, form.object_metadata or {}) if has_object else None,
    )


async def presigned_url(tenant: Tenant, row: Any) -> str:
    """Where the bytes are to be PUT: at the store itself, or at this gateway."""
    upload_id, seconds = row["upload_id"], row["presigned_url_expiration"]
    url = await tenant.gateway.staging.presign(upload_id, seconds)
    return url or f"{tenant.base_url}{CONTENT}{tenant.gateway.signer.sign(SIGNED + upload_id, seconds)}"


async def receive(gateway: Gateway, token: str, content_type: str, chunks: AsyncIterator[bytes]) -> str:
    """Takes the bytes of an upload; returns their etag."""
    signed = gateway.signer.verify(token)
    if not signed.startswith(SIGNED):
        raise ForbiddenError("This link is not one to upload to.", reason="LINK_INVALID")
    upload_id = signed.removeprefix(SIGNED)
    row = await gateway.pool.fetchrow("SELECT * FROM uploads WHERE upload_id = $1", upload_id)
    if row is None:
        raise NotFoundError.of("upload", upload_id)
    if row["status"] != "PENDING":
        raise has_ended(upload_id, row["status"])
    require_type(content_type, row["content_type"], "header.content-type")
    arrived = await gateway.staging.receive(upload_id, chunks)
    await note_arrival(gateway.pool, row, arrived)
    return arrived.etag


def require_type(given: str, wanted: str, path: str) -> None:
    """InvalidArgumentError when the bytes came under another type than was asked for."""
    if plain_type(given) != plain_type(wanted):
        message = f"The upload was created for '{wanted}', and its bytes came as '{given or 'no type'}'."
        raise InvalidArgumentError(message, reason="CONTENT_TYPE", path=path)
