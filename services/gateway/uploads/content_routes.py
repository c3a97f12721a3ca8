"""Where the bytes of presigned uploads come when the blob store is a folder."""

from typing import Any

from fastapi import Request, Response

from services.gateway.kit.context import Public
from services.gateway.kit.http.routing import routes_of
from services.gateway.uploads.presigned import receive
from services.gateway.uploads.shapes import Taken

router = routes_of("Uploads", "/uploads/content")
BINARY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}


@router.put("/{token}", responses={403: {"description": "Link expired"}}, openapi_extra=BINARY)
async def put_content(token: str, request: Request, response: Response, gateway: Public) -> Taken:
    """Takes the bytes of an upload; no key needed, the link is signed."""
    content_type = request.headers.get("content-type", "")
    etag = await receive(gateway, token, content_type, request.stream())
    response.headers["ETag"] = f'"{etag}"'
    return Taken(etag=etag)
