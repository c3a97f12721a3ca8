"""Where the bytes of presigned uploads come when the blob store is a folder."""

from typing import Any

from fastapi import Request, Response

from services.gateway.context import Public
from services.gateway.presigned import receive
from services.gateway.routing import routes_of

router = routes_of("Uploads", "/uploads/content")
BINARY: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
}
TAKEN: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes are here; ETag is their MD5", "content": {}},
    403: {"description": "Link expired"},
}


@router.put("/{token}", response_class=Response, responses=TAKEN, openapi_extra=BINARY)
async def put_content(token: str, request: Request, gateway: Public) -> Response:
    """Takes the bytes of an upload; no key needed, the link is signed."""
    content_type = request.headers.get("content-type", "")
    etag = await receive(gateway, token, content_type, request.stream())
    return Response(headers={"ETag": f'"{etag}"'})
