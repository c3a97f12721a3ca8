"""The server that an export comes from, by its REST: answers, and files of any size."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import orjson

from services.common.errors import InvalidArgumentError, NotFoundError, UnauthorizedError, UnavailableError

JsonObject = dict[str, Any]
BUSY = frozenset({429, 502, 503})
TRIES = 6
PAUSE_SECONDS = 0.5
SILENCE_SECONDS = 330.0
CHUNK = 1 << 20


class Server:
    """Calls below `<url>/v1`; what is busy or away for a moment is asked again."""

    def __init__(self, session: aiohttp.ClientSession, url: str, headers: Mapping[str, str]) -> None:
        """`headers` carry the key; S3, whose links are followed too, must not see it."""
        self._session = session
        self._url = url
        self._headers = headers

    async def call(self, method: str, path: str, body: JsonObject | None = None) -> JsonObject:
        """The JSON of an answer; NotFoundError for a 404, InvalidArgumentError with the server's words else."""
        data, link = None if body is None else orjson.dumps(body), f"{self._url}/v1{path}"
        for attempt in range(TRIES):
            try:
                async with self._session.request(method, link, data=data, headers=self._headers) as response:
                    content = await response.read()
                    if response.status not in BUSY:
                        return self._answer(response.status, content)
            except (aiohttp.ClientError, TimeoutError) as error:
                if attempt == TRIES - 1:
                    raise self._away(error) from error
            await asyncio.sleep(PAUSE_SECONDS * 2**attempt)
        raise UnavailableError(f"{self._url} is too busy to answer; try again.")

    def _answer(self, status: int, content: bytes) -> JsonObject:
        if status == 401:
            raise UnauthorizedError(f"{self._url} does not take this API key; name another with --api-key.")
        if status == 404:
            raise NotFoundError(_words(content))
        if status >= 400:
            raise InvalidArgumentError(_words(content))
        answer: JsonObject = orjson.loads(content)
        return answer

    async def download(self, address: str, target: Path) -> None:
        """The bytes at a path below /v1, or at a link, as a file that is whole or not there."""
        part = target.with_name(f"{target.name}.part")
        link, headers = (address, {}) if "://" in address else (f"{self._url}/v1{address}", self._headers)
        for attempt in range(TRIES):
            try:
                async with self._session.get(link, headers=headers) as response:
                    if response.status not in BUSY:
                        await _save(response, part)
                        await asyncio.to_thread(part.replace, target)
                        return
            except (aiohttp.ClientError, TimeoutError) as error:
                if attempt == TRIES - 1:
                    raise self._away(error) from error
            await asyncio.sleep(PAUSE_SECONDS * 2**attempt)
        raise UnavailableError(f"{self._url} is too busy to answer; try again.")

    def _away(self, error: Exception) -> UnavailableError:
        why = str(error) or type(error).__name__
        return UnavailableError(
            f"{self._url} does not answer ({why}). Start it with `likeness up`, or name it with --url."
        )


async def _save(response: aiohttp.ClientResponse, part: Path) -> None:
    if response.status == 404:
        raise NotFoundError(_words(await response.read()))
    if response.status >= 400:
        raise InvalidArgumentError(_words(await response.read()))
    with part.open("wb") as file:
        async for chunk in response.content.iter_chunked(CHUNK):
            file.write(chunk)


def _words(content: bytes) -> str:
    """What the server says of an error."""
    try:
        return str(orjson.loads(content)["error"]["message"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return content.decode(errors="replace")[:500] or "The server gives no reason."


@asynccontextmanager
async def open_server(url: str, key: str, namespace: str | None) -> AsyncIterator[Server]:
    """The server at `url`."""
    if not url.startswith(("http://", "https://")):
        raise InvalidArgumentError(f"'{url}' is no address of a server; name one such as http://127.0.0.1:8000.")
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    headers |= {"X-Namespace": namespace} if namespace else {}
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=SILENCE_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield Server(session, url, headers)
