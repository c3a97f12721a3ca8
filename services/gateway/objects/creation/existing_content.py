"""Content that is here already: of an upload that was confirmed, or of a link of our own that comes back."""

from typing import Any

from services.common.database.pool import Executor
from services.common.errors import InvalidArgumentError, LikenessError
from services.common.row_types import Blob
from services.gateway.kit.context import Tenant
from services.gateway.objects.blobs.links import CONTENT
from services.gateway.objects.blobs.store import get_blob
from services.gateway.objects.creation.store import NewBlob
from services.gateway.objects.shapes import BlobForm

BLOBS = "/v1/blobs/"


async def own_blob(tenant: Tenant, url: str) -> Blob | None:
    """The blob of this namespace that the URL stands for; None when it is no link of ours, or not good any more.

    Its content is here already. A worker could not fetch it: links by id need a key, and our address may be private.
    """
    try:
        if url.startswith(tenant.base_url + CONTENT):
            blob_id = tenant.gateway.signer.verify(url.removeprefix(tenant.base_url + CONTENT))
        elif url.startswith(tenant.base_url + BLOBS):
            blob_id = url.removeprefix(tenant.base_url + BLOBS)
        else:
            return None
        return await get_blob(tenant.gateway.pool, tenant.namespace_id, blob_id)
    except LikenessError:
        return None


async def content_of_upload(db: Executor, bucket_id: str, blob: BlobForm, kind: str, path: str) -> NewBlob:
    """The content of a confirmed upload of the same bucket, as a blob of the type `kind`."""
    row = await db.fetchrow("SELECT * FROM uploads WHERE bucket_id = $1 AND upload_id = $2", bucket_id, blob.upload_id)
    if row is None:
        raise InvalidArgumentError(f"{path} names no upload of this bucket.", path=path, id=str(blob.upload_id))
    if row["storage_key"] is None:
        message = f"{path} names an upload that is {row['status']}; confirm it first."
        raise InvalidArgumentError(message, path=path, id=row["upload_id"])
    return blob_of(row, blob.property, kind, blob.filename)


def blob_of(row: Any, blob_property: str, kind: str, filename: str | None = None) -> NewBlob:
    """The content of an upload as a blob."""
    return NewBlob(
        property=blob_property,
        type=kind,
        storage_key=row["storage_key"],
        filename=filename or row["filename"],
        mime_type=row["mime_type"],
        size_bytes=row["size_bytes"],
        sha256=row["sha256"],
    )
