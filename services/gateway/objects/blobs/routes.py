"""The content of blobs: by signed link, or by id with a key."""

from typing import Any
from urllib.parse import quote

from fastapi import Response

from services.common.errors import NotFoundError
from services.common.row_types import Blob
from services.gateway.kit.context import InNamespace, Public
from services.gateway.kit.dependencies import Gateway
from services.gateway.kit.http.routing import routes_of
from services.gateway.objects.blobs.store import find_blob, get_blob

router = routes_of("Blobs", "/blobs")
PICTURES = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/bmp", "image/tiff", "image/avif"})
UNKNOWN = "application/octet-stream"
BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {UNKNOWN: {"schema": {"type": "string", "format": "binary"}}}, "description": "The blob"}
}


@router.get("/content/{token}", response_class=Response, responses={**BYTES, 403: {"description": "Link expired"}})
async def open_link(token: str, gateway: Public) -> Response:
    """The content behind a link that a document or object was answered with; no key needed."""
    blob_id = gateway.signer.verify(token)
    blob = await find_blob(gateway.pool, blob_id)
    if blob is None:
        raise NotFoundError.of("blob", blob_id)
    return await _content(gateway, blob)


@router.get("/{blob_id}", response_class=Response, responses=BYTES)
async def read_blob(blob_id: str, tenant: InNamespace) -> Response:
    """The content of a blob of this namespace."""
    return await _content(tenant.gateway, await get_blob(tenant.gateway.pool, tenant.namespace_id, blob_id))


async def _content(gateway: Gateway, blob: Blob) -> Response:
    if blob.storage_key is None:
        raise NotFoundError(
            f"The content of blob '{blob.blob_id}' has not been fetched from its URL.", resource="blob", id=blob.blob_id
        )
    content = await gateway.blobs.get(blob.storage_key)
    return Response(content, media_type=blob.mime_type or UNKNOWN, headers=headers_of(blob))


def headers_of(blob: Blob) -> dict[str, str]:
    """Headers under which no browser runs what a stranger uploaded."""
    shown = "inline" if blob.mime_type in PICTURES else "attachment"
    name = quote(blob.filename or blob.blob_id, safe="")
    return {
        "Content-Disposition": f"{shown}; filename*=UTF-8''{name}",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, max-age=3600",
    }
