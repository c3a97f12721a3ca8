"""Uploads by presigned URL, as the database knows them."""

from services.common.database.creation import NewBlob
from services.common.database.pool import Executor
from services.common.errors import InvalidArgumentError
from services.gateway.shapes.objects import BlobForm


async def content_of_upload(db: Executor, bucket_id: str, blob: BlobForm, kind: str, path: str) -> NewBlob:
    """The content of a confirmed upload of the same bucket, as a blob of the type `kind`."""
    row = await db.fetchrow("SELECT * FROM uploads WHERE bucket_id = $1 AND upload_id = $2", bucket_id, blob.upload_id)
    if row is None:
        raise InvalidArgumentError(f"{path} names no upload of this bucket.", path=path, id=str(blob.upload_id))
    if row["storage_key"] is None:
        message = f"{path} names an upload that is {row['status']}; confirm it first."
        raise InvalidArgumentError(message, path=path, id=row["upload_id"])
    return NewBlob(
        property=blob.property,
        type=kind,
        storage_key=row["storage_key"],
        filename=blob.filename or row["filename"],
        mime_type=row["mime_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
    )
