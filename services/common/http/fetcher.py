"""The one fetcher of URLs that users give."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.common.errors import InvalidArgumentError, LikenessError, UnavailableError
from services.common.http.content import Fetched, filename_of, mime_type_of, safe_filename
from services.common.http.sessions import open_session
from services.common.http.unreachable import why_unreachable
from services.common.settings import Settings

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
TRY_AGAIN = frozenset({408, 425, 429})


class Fetcher:
    """Fetches http and https URLs through a guarded session.

    Permanent faults are InvalidArgumentError with reason FETCH_URL, FETCH_REFUSED, FETCH_TOO_LARGE, FETCH_STATUS,
    FETCH_REDIRECTS, FETCH_ENCODING or FETCH_CERTIFICATE; what may pass is UnavailableError.
    """

    def __init__(self, session: aiohttp.ClientSession, *, max_bytes: int, timeout_seconds: float) -> None:
        self._session = session
        self._max_bytes = max_bytes
        self._timeout_seconds = timeout_seconds

    async def fetch(self, url: str) -> Fetched:
        """The content behind `url`, after at most 3 redirects."""
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._follow(_parsed(url))
        except LikenessError:
            raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _translated(error, url) from error

    async def _follow(self, url: URL) -> Fetched:
        for _ in range(MAX_REDIRECTS + 1):
            async with self._session.get(url, allow_redirects=False) as response:
                if response.status not in REDIRECTS or not (location := response.headers.get("Location")):
                    return await self._read(response)
                url = _parsed(location, base=response.url)
        raise InvalidArgumentError(
            f"'{without_secrets(url)}': more than {MAX_REDIRECTS} redirects.", reason="FETCH_REDIRECTS"
        )

    async def _read(self, response: aiohttp.ClientResponse) -> Fetched:
        where = without_secrets(response.url)
        _check_status(response.status, where)
        if (encoding := response.headers.get("Content-Encoding", "identity").lower()) != "identity":
            raise InvalidArgumentError(f"'{where}' answers with encoding '{encoding}'.", reason="FETCH_ENCODING")
        content = await self._body(response, where)
        disposition = response.content_disposition
        filename = safe_filename(disposition.filename or "" if disposition else "") or filename_of(where)
        declared = response.headers.get("Content-Type", "")
        return Fetched(content, mime_type_of(content, declared, filename), filename, where)

    async def _body(self, response: aiohttp.ClientResponse, where: str) -> bytes:
        content = bytearray()
        if (response.content_length or 0) > self._max_bytes:
            raise self._too_large(where)
        async for chunk in response.content.iter_any():
            content += chunk
            if len(content) > self._max_bytes:
                raise self._too_large(where)
        return bytes(content)

    def _too_large(self, where: str) -> InvalidArgumentError:
        return InvalidArgumentError(f"'{where}' is larger than {self._max_bytes} bytes.", reason="FETCH_TOO_LARGE")


@asynccontextmanager
async def open_fetcher(settings: Settings, *, resolver: AbstractResolver | None = None) -> AsyncIterator[Fetcher]:
    """A fetcher with the limits of the settings."""
    allow = settings.fetch_allow_networks
    async with open_session(allow, total_seconds=settings.fetch_timeout, resolver=resolver) as session:
        yield Fetcher(session, max_bytes=settings.max_blob_bytes, timeout_seconds=settings.fetch_timeout)


def without_secrets(url: URL) -> str:
    """The URL as it may be stored and shown: without credentials, query and fragment, which can hold secrets."""
    return str(url.with_user(None).with_query(None).with_fragment(None))


def _parsed(text: str, base: URL | None = None) -> URL:
    try:
        url = base.join(URL(text)) if base else URL(text)
        # A port out of range is an error only when it is asked for.
        if url.scheme in ("http", "https") and url.host and url.port:
            return url
    except ValueError as error:
        raise InvalidArgumentError(f"'{text[:200]}' is not a URL: {error}.", reason="FETCH_URL") from error
    raise InvalidArgumentError(f"'{text[:200]}' is not an http or https URL with a host.", reason="FETCH_URL")


def _check_status(status: int, where: str) -> None:
    if status in TRY_AGAIN or status >= 500:
        raise UnavailableError(f"'{where}' answers {status}; it may work later.", reason="FETCH_STATUS")
    if not 200 <= status < 300:
        raise InvalidArgumentError(f"'{where}' answers {status}.", reason="FETCH_STATUS")


def _translated(error: Exception, url: str) -> LikenessError:
    where = without_secrets(URL(url))
    match error:
        case TimeoutError():
            return UnavailableError(f"'{where}' did not answer in time.", reason="FETCH_TIMEOUT")
        case aiohttp.ClientSSLError() | ssl.SSLError():
            return InvalidArgumentError(
                f"'{where}' cannot be trusted: {why_unreachable(error)}.", reason="FETCH_CERTIFICATE"
            )
        case aiohttp.InvalidURL() | ValueError():
            return InvalidArgumentError(f"'{where}' is not a usable URL.", reason="FETCH_URL")
        case _:
            return UnavailableError(
                f"'{where}' cannot be reached: {why_unreachable(error)}.", reason="FETCH_UNREACHABLE"
            )
