"""The body limit: what is larger is refused before it is held in memory."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.errors import TooLargeError
from services.gateway import problem

DRAIN_FACTOR = 4


class BodyLimit:
    """Refuses bodies over `max_bytes` with 413, by Content-Length or as they stream in."""

    def __init__(self, app: ASGIApp, max_bytes: int) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what is within the limit."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _content_length(scope) > self._max_bytes:
            await self._drain(receive)
            await problem.answer(TooLargeError(self._message()))(scope, receive, send)
        else:
            await self._app(scope, self._counted(receive), send)

    def _counted(self, receive: Receive) -> Receive:
        total = 0

        async def counted() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._max_bytes:
                await self._drain(receive)
                raise HTTPException(TooLargeError.http, self._message())
            return message

        return counted

    async def _drain(self, receive: Receive) -> None:
        """Reads and drops the rest: a client that is still sending would otherwise see a reset, not the answer."""
        dropped, more = 0, True
        while more and dropped < DRAIN_FACTOR * self._max_bytes:
            message = await receive()
            dropped += len(message.get("body", b""))
            more = message["type"] == "http.request" and message.get("more_body", False)

    def _message(self) -> str:
        return f"The body is larger than {self._max_bytes} bytes; upload large blobs by URL."


def _content_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "0")
    return int(value) if value.isdigit() else 0
