"""One HTTP request to a receiver, and what became of it. Redirects are not followed, answers are not read whole."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from services.common.errors import LikenessError
from services.common.http.unreachable import why_unreachable
from services.worker.webhooks.channels.response_outcome import of_answer, shortened
from services.worker.webhooks.delivery_types import Outcome

DEFAULT_SECONDS, LONGEST_SECONDS = 10.0, 60.0
# What is left of an answer is read so that its connection can be used again, as long as there is little of it.
REST_SECONDS, REST_BYTES = 1.0, 65_536
EXCERPT_BYTES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A request; `seconds` is the time for all of it."""

    url: str
    body: bytes
    headers: Mapping[str, str]
    method: str = "POST"
    seconds: float = DEFAULT_SECONDS


async def post(session: aiohttp.ClientSession, letter: Letter) -> Outcome:
    """Sends the letter; never raises for what a receiver, a name or a network does."""
    seconds = min(letter.seconds, LONGEST_SECONDS)
    headers = CIMultiDict({"Content-Type": "application/json"})
    headers.update(letter.headers)
    try:
        async with (
            asyncio.timeout(seconds),
            session.request(
                letter.method, letter.url, data=letter.body, headers=headers, allow_redirects=False
            ) as response,
        ):
            excerpt = await _rest(response)
            return of_answer(response.status, response.headers.get("Retry-After"), excerpt, datetime.now(UTC))
    except (LikenessError, aiohttp.ClientError, OSError, ValueError) as error:
        return _failure(error, letter.url, seconds)


async def _rest(response: aiohttp.ClientResponse) -> str:
    """The beginning of the body as text; a body that goes on for long is cut off."""
    content = bytearray()
    try:
        async with asyncio.timeout(REST_SECONDS):
            while len(content) < REST_BYTES and (chunk := await response.content.read(REST_BYTES)):
                content += chunk
    except TimeoutError:
        pass
    if not response.content.at_eof():
        response.close()
    if "Content-Encoding" in response.headers:
        return ""
    return bytes(content[:EXCERPT_BYTES]).decode(errors="replace")


def _failure(error: Exception, url: str, seconds: float) -> Outcome:
    host = _host(url)
    over = False
    match error:
        case LikenessError():
            said, over = error.message, True
        case TimeoutError():
            said = f"'{host}' did not answer within {seconds:g} seconds."
        case aiohttp.ClientSSLError() | ssl.SSLError():
            said = f"'{host}' cannot be trusted: {why_unreachable(error)}."
        case aiohttp.InvalidURL() | ValueError():
            said, over = f"The request cannot be made: {error}.", True
        case aiohttp.ServerDisconnectedError() | aiohttp.ClientPayloadError() | ConnectionResetError():
            said = f"'{host}' closed the connection before its answer was complete."
        case aiohttp.ClientResponseError():
            said = f"'{host}' answered what is not HTTP: {error.message}."
        case _:
            said = f"'{host}' cannot be reached: {why_unreachable(error)}."
    return Outcome(verdict="over" if over else "again", error=shortened(said))


def _host(url: str) -> str:
    # The rest of the URL may be what makes it secret.
    try:
        return URL(url).host or "?"
    except ValueError:
        return "?"
