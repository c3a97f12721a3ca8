"""Pictures of documents, small enough to show many at once."""

import asyncio
from typing import Annotated, Any

from fastapi import Query, Response

from services.common.errors import NotFoundError
from services.gateway.kit.context import Public
from services.gateway.kit.http.routing import routes_of
from services.gateway.objects.blobs.store import find_blob
from services.gateway.pictures.scaling import scaled

router = routes_of("Blobs", "/pictures")
JPEG = "image/jpeg"
AT_ONCE = asyncio.Semaphore(4)
PICTURE: dict[int | str, dict[str, Any]] = {
    200: {"content": {JPEG: {"schema": {"type": "string", "format": "binary"}}}, "description": "The picture"},
    403: {"description": "Link expired"},
}
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "private, max-age=3600",
}


@router.get("/{token}", response_class=Response, responses=PICTURE)
async def small_picture(
    token: str, gateway: Public, side: Annotated[int, Query(ge=16, le=2048, description="Pixels")] = 720
) -> Response:
    """A small copy of the picture behind a link of a review, as JPEG; no key needed."""
    blob_id = gateway.signer.verify(token)
    blob = await find_blob(gateway.pool, blob_id)
    if blob is None or blob.storage_key is None:
        raise NotFoundError.of("blob", blob_id)
    content = await gateway.blobs.get(blob.storage_key)
    # Decoding takes a core; the calls beside it must not wait for many of them.
    async with AT_ONCE:
        small = await asyncio.to_thread(scaled, content, side, gateway.settings.max_pixels)
    return Response(small, media_type=JPEG, headers=HEADERS)
