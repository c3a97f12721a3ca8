"""The body limit: what is larger is refused before it is held in memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.errors import TooLargeError
from services.gateway.kit.http import error_envelope

DRAIN_FACTOR = 4


class BodyLimit:
    """Refuses bodies over `max_bytes` with 413, by Content-Length or as they stream in.

    Under `uploads`, a path whose bodies go to disk and not into memory, `max_upload` is the limit.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, uploads: str, max_upload: int) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._uploads = uploads
        self._max_upload = max_upload

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_upload = scope["path"].startswith(self._uploads)
        limit = self._max_upload if is_upload else self._max_bytes
        message = too_large_upload(limit) if is_upload else too_large_body(limit)
        if _content_length(scope) > limit:
            await _drain(receive, limit)
            await error_envelope.answer(error_envelope.too_large(message))(scope, receive, send)
        else:
            await self._app(scope, _counted(receive, limit, message), send)


def _counted(receive: Receive, limit: int, too_large: str) -> Receive:
    total = 0

    async def counted() -> Message:
        nonlocal total
        message = await receive()
        total += len(message.get("body", b""))
        if total > limit:
            await _drain(receive, limit)
            raise HTTPException(TooLargeError.http, too_large)
        return message

    return counted


async def _drain(receive: Receive, limit: int) -> None:
    """Reads and drops the rest: a client that is still sending would otherwise see a reset, not the answer."""
    dropped, more = 0, True
    while more and dropped < DRAIN_FACTOR * limit:
        message = await receive()
        dropped += len(message.get("body", b""))
        more = message["type"] == "http.request" and message.get("more_body", False)


def too_large_body(limit: int) -> str:
    """What to do instead of sending such a body."""
    return (
        f"The body is larger than {limit} bytes, which LIKENESS_MAX_BODY_BYTES sets. Upload large files by "
        "POST /v1/buckets/{bucket}/uploads, or give their URL, and send many items in several calls."
    )


def too_large_upload(limit: int) -> str:
    """What to do about such a file."""
    return f"The upload is larger than {limit} bytes, which LIKENESS_MAX_BLOB_BYTES sets; send a smaller file."


def _content_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdigit() else 0
