"""REST, as any client would speak it, patient with a server that is busy, restarting or not there for a moment."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import orjson

from services.common.errors import (
    InvalidArgumentError,
    LikenessError,
    NotFoundError,
    UnauthorizedError,
    UnavailableError,
)

JsonObject = dict[str, Any]
PAGE = 1000
PATIENCE_SECONDS = 120.0
LONGEST_PAUSE = 10.0
BUSY = frozenset({429, 502, 503, 504})
CALL_SECONDS = 120.0


class RefusedError(LikenessError):
    """The server answered with an error, `status`; its words are the message."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message, reason="REFUSED")
        self.status = status


class Client:
    """JSON calls below `<url>/v1` with an API key. Calls are repeated, so they must be safe to repeat."""

    def __init__(self, session: aiohttp.ClientSession, url: str, patience: float = PATIENCE_SECONDS) -> None:
        self._session = session
        self.url = url
        self._patience = patience

    async def post(self, path: str, body: JsonObject | bytes, **query: str) -> JsonObject:
        """POST an object, or JSON that is written already."""
        return await self._call("POST", path, body if isinstance(body, bytes) else orjson.dumps(body), query)

    async def get(self, path: str) -> JsonObject:
        """GET."""
        return await self._call("GET", path, None, {})

    async def find(self, path: str) -> JsonObject | None:
        """GET; None where there is no such thing."""
        try:
            return await self.get(path)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise

    async def put(self, url: str, data: bytes, content_type: str) -> None:
        """PUT of bytes to a link that the server gave."""
        await self._patient("PUT", url, data, {}, {"Content-Type": content_type})

    async def pages(self, path: str, body: JsonObject) -> AsyncIterator[list[JsonObject]]:
        """The results of a list call, page by page."""
        cursor: JsonObject = {}
        while True:
            page = await self.post(path, {"limit": PAGE, **body, **cursor})
            yield page["results"]
            following = page["pagination"].get("next_cursor")
            if not following:
                return
            cursor = {"cursor": following}

    async def _call(self, method: str, path: str, data: bytes | None, query: Mapping[str, str]) -> JsonObject:
        headers = {"Content-Type": "application/json"}
        content = await self._patient(method, f"{self.url}/v1{path}", data, query, headers)
        answer: JsonObject = orjson.loads(content) if content else {}
        return answer

    async def _patient(
        self, method: str, url: str, data: bytes | None, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> bytes:
        deadline, pause = time.monotonic() + self._patience, 0.25
        while True:
            try:
                return await self._once(method, url, data, query, headers)
            except _LaterError as later:
                wait = min(max(pause, later.seconds), LONGEST_PAUSE)
                if time.monotonic() + wait > deadline:
                    raise UnavailableError(f"{self.url} does not answer: {later.why}.") from later
            await asyncio.sleep(wait)
            pause *= 2

    async def _once(
        self, method: str, url: str, data: bytes | None, query: Mapping[str, str], headers: Mapping[str, str]
    ) -> bytes:
        try:
            async with self._session.request(method, url, data=data, params=query, headers=headers) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _LaterError(str(error) or type(error).__name__, 0.0) from error
        if response.status in BUSY:
            raise _LaterError(_words(content), _seconds(response.headers.get("Retry-After", "")))
        if response.status == 401:
            raise UnauthorizedError(f"{self.url} does not take this API key; name another with --api-key.")
        if response.status >= 400:
            raise RefusedError(_words(content), response.status)
        return content


class _LaterError(Exception):
    """The call may be repeated after some seconds."""

    def __init__(self, why: str, seconds: float) -> None:
        super().__init__(why)
        self.why = why
        self.seconds = seconds


def _seconds(header: str) -> float:
    return float(header) if header.isdecimal() else 0.0


def _words(content: bytes) -> str:
    """What the server says of an error."""
    try:
        return str(orjson.loads(content)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return content.decode(errors="replace")[:500] or "no reason was given"


@asynccontextmanager
async def open_client(url: str, key: str) -> AsyncIterator[Client]:
    """A client for the server at `url`, which must answer."""
    if not url.startswith(("http://", "https://")):
        raise InvalidArgumentError(f"'{url}' is no address of a server; name one such as http://127.0.0.1:8000.")
    timeout = aiohttp.ClientTimeout(total=CALL_SECONDS)
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        try:
            await Client(session, url, patience=5.0).get("/health/liveness")
        except UnavailableError as error:
            raise NotFoundError(
                f"No server answers at {url}. Start one with `likeness up`, or name it with --url."
            ) from error
        yield Client(session, url)
