"""Uploads by presigned URL, as the database knows them."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.blobs import Arrived
from services.common.database.pool import Connection, Executor
from services.common.errors import BadRequestError, NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.http.content import mime_type_of
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.objects.creation.duplicates import IS_OF_USE
from services.gateway.uploads.shapes import UploadStats

UPLOADS = Table(
    alias="u",
    columns={
        "upload_id": Column("upload_id"),
        "bucket_id": Column("bucket_id"),
        "filename": Column("filename"),
        "content_type": Column("content_type"),
        "status": Column("status"),
        "object_id": Column("object_id"),
        "file_hash": Column("sha256"),
        "file_size_bytes": Column("size_bytes", Kind.OTHER),
        "created_at": Column("created_at", Kind.TIME),
        "expires_at": Column("expires_at", Kind.TIME),
        "completed_at": Column("completed_at", Kind.TIME),
    },
    prefixes={("object_metadata",): "object_metadata"},
    fields="metadata",
)
LIST_UPLOADS = Listing(table=UPLOADS, source="uploads u", columns="u.*", key="u.row_key")
SEARCH_UPLOADS = "u.filename ILIKE {pattern} OR u.metadata::text ILIKE {pattern}"
INSERT = """
    INSERT INTO uploads (upload_id, namespace_id, bucket_id, filename, content_type, file_size_bytes, file_hash,
                         presigned_url_expiration, metadata, object_metadata, create_object_on_confirm,
                         blob_property, blob_type, skip_duplicates, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, now() + $8::integer * interval '1 second')
    RETURNING *"""
ARRIVED = """
    UPDATE uploads SET staged_key = $2, etag = $3, size_bytes = $4, sha256 = $5, mime_type = $6
    WHERE upload_id = $1 AND status = 'PENDING' RETURNING upload_id"""
# $4 whether an object is wanted: then only one that is there, has this content and is of use is as good.
# $5 the unique key that it is to have.
TWIN = f"""
    SELECT u.* FROM uploads u LEFT JOIN objects o ON o.object_id = u.object_id AND o.bucket_id = u.bucket_id
    WHERE u.bucket_id = $1 AND u.sha256 = $2 AND u.status = 'COMPLETED' AND u.upload_id <> $3
      AND (NOT $4 OR ({IS_OF_USE} AND o.unique_key IS NOT DISTINCT FROM $5
                      AND EXISTS (SELECT FROM blobs b WHERE b.object_id = o.object_id AND b.sha256 = $2)))
    ORDER BY u.row_key LIMIT 1"""  # noqa: S608
HOLD = "SELECT object_id FROM objects WHERE object_id = $1 FOR KEY SHARE"
STATS = """
    SELECT status, count(*) AS count, coalesce(sum(coalesce(size_bytes, file_size_bytes)), 0)::bigint AS bytes
    FROM uploads WHERE bucket_id = $1 GROUP BY status"""


async def get_upload(db: Executor, bucket_id: str, upload_id: str) -> asyncpg.Record:
    """An upload of this bucket."""
    row = await db.fetchrow("SELECT * FROM uploads WHERE bucket_id = $1 AND upload_id = $2", bucket_id, upload_id)
    if row is None:
        raise NotFoundError.of("upload", upload_id)
    return row


async def lock_upload(connection: Connection, upload_id: str) -> asyncpg.Record:
    """The upload, which nobody else changes until the transaction ends."""
    row = await connection.fetchrow("SELECT * FROM uploads WHERE upload_id = $1 FOR UPDATE", upload_id)
    if row is None:
        raise NotFoundError.of("upload", upload_id)
    return row


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The content of an upload, and the object that is to be made of it, if one is."""

    bucket_id: str
    sha256: str
    upload_id: str = ""
    has_object: bool
    unique_key: str | None = None


async def find_twin(db: Executor, wanted: Wanted) -> asyncpg.Record | None:
    """Another upload of the same content to the same bucket that has been confirmed, and is as good as this one."""
    values = (wanted.upload_id, wanted.has_object, wanted.unique_key)
    return await db.fetchrow(TWIN, wanted.bucket_id, wanted.sha256, *values)


async def hold_twin(connection: Connection, wanted: Wanted) -> asyncpg.Record | None:
    """The same; its object is not deleted before the transaction ends."""
    while (twin := await find_twin(connection, wanted)) is not None:
        if twin["object_id"] is None or await connection.fetchval(HOLD, twin["object_id"]):
            return twin
    return None


async def note_arrival(db: Executor, row: Any, arrived: Arrived) -> None:
    """Writes down what has been uploaded; BadRequestError when the upload has ended meanwhile."""
    mime_type = mime_type_of(arrived.head, row["content_type"], row["filename"])
    values = (arrived.staged_key, arrived.etag, arrived.size_bytes, arrived.sha256, mime_type)
    if await db.fetchval(ARRIVED, row["upload_id"], *values) is None:
        raise has_ended(row["upload_id"], "no longer PENDING")


def has_ended(upload_id: str, status: str) -> BadRequestError:
    """The error for what can only be done to an upload that waits."""
    message = f"Upload '{upload_id}' is {status}; create another one."
    return BadRequestError(message, reason="UPLOAD_STATUS", id=upload_id, status=status)


async def stats_of(db: Executor, bucket_id: str) -> UploadStats:
    """Counts of a bucket's uploads."""
    rows = await db.fetch(STATS, bucket_id)
    count, size = sum(row["count"] for row in rows), sum(row["bytes"] for row in rows)
    return UploadStats(
        total_uploads=count,
        total_size_bytes=size,
        uploads_by_status={row["status"]: row["count"] for row in rows},
        avg_file_size_bytes=size / count if count else 0.0,
        unique_buckets=1 if count else 0,
    )
