"""The outermost layer: each request gets an id, a log line, and an envelope even when our code fails."""

import re
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.common.ids import new_id
from services.common.process.logs import bind_request
from services.gateway.kit.http import error_envelope

HEADER = "x-request-id"
ACCEPTED = re.compile(r"[A-Za-z0-9._:-]{1,128}")
log = structlog.get_logger()


class Requests:
    """Takes X-Request-Id from the client or makes one, and returns it with every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        bind_request(request_id)
        scope = {**scope, "state": dict(scope.get("state") or {})}
        started, status = time.perf_counter(), 0

        async def tagged(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers[HEADER] = request_id
                headers.update(scope["state"].get("rate_headers", {}))
            await send(message)

        try:
            await self._app(scope, receive, tagged)
        except Exception as error:
            log.exception("failed", method=scope["method"], path=scope["path"])
            if not status:
                await error_envelope.answer(error_envelope.translate(error))(scope, receive, tagged)
        milliseconds = round(1000 * (time.perf_counter() - started), 1)
        log.info("request", method=scope["method"], path=scope["path"], status=status, ms=milliseconds)


def _request_id(scope: Scope) -> str:
    given = Headers(scope=scope).get(HEADER, "")
    return given if ACCEPTED.fullmatch(given) else new_id("req", 16)
