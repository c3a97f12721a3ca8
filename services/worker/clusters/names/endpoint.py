"""An OpenAI-compatible endpoint that the operator chose: a question in, the text of the answer out."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import orjson
import tenacity

from services.common.settings import Settings

ATTEMPTS = 3
LONGEST_WAIT = 20.0
MOST_BYTES = 256 * 1024
# Answers that the same question will get again: a wrong key, model or address, or a quota that is used up.
HOPELESS = (401, 402, 403, 404, 405)
JSON_MODE = {"response_format": {"type": "json_object"}}


class EndpointError(Exception):
    """No answer; `again` says whether the same question may be answered later, and `seconds` when.

    `hopeless` says that no other question will be answered either.
    """

    def __init__(self, message: str, *, again: bool = False, hopeless: bool = False, seconds: float = 0.0) -> None:
        super().__init__(message)
        self.again = again
        self.hopeless = hopeless or seconds > LONGEST_WAIT
        self.seconds = seconds


class Endpoint:
    """Asks; what fails for a while is asked again, as late as the endpoint says."""

    def __init__(self, session: aiohttp.ClientSession, url: str, model: str) -> None:
        """`url` is where questions go."""
        self.url = url
        self.model = model
        self._session = session
        self._mode: Mapping[str, Any] = JSON_MODE

    async def ask(self, messages: Sequence[Mapping[str, str]], parameters: Mapping[str, Any]) -> str:
        """The text of the answer; EndpointError when there is none."""
        retrying = tenacity.AsyncRetrying(
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=_wait,
            retry=tenacity.retry_if_exception(_again),
            reraise=True,
        )
        answered: str = await retrying(self._ask_once, messages, parameters)
        return answered

    async def _ask_once(self, messages: Sequence[Mapping[str, str]], parameters: Mapping[str, Any]) -> str:
        mode = self._mode
        body = {"model": self.model, "messages": list(messages), "temperature": 0, **parameters, **mode}
        try:
            async with self._session.post(self.url, json=body, allow_redirects=False) as response:
                await _check(response)
                return _text_in(await _read(response))
        except _UnknownModeError as error:
            if not mode:
                raise EndpointError(str(error)) from None
            self._mode = {}
            raise EndpointError(str(error), again=True) from None
        except TimeoutError:
            raise EndpointError("the endpoint did not answer in time", again=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise EndpointError(f"the endpoint cannot be reached: {type(error).__name__}", again=True) from None


class _UnknownModeError(Exception):
    """A request that the endpoint refuses, perhaps for a JSON mode that it does not have."""


@asynccontextmanager
async def open_endpoint(settings: Settings, model: str | None) -> AsyncIterator[Endpoint]:
    """The endpoint, with the operator's model before the request's; EndpointError when none is configured."""
    chosen = settings.llm_model or model
    if not settings.llm_url:
        raise EndpointError("no endpoint is configured (LIKENESS_LLM_URL)", hopeless=True)
    if not chosen:
        raise EndpointError("no model is configured (LIKENESS_LLM_MODEL), and model_name names none", hopeless=True)
    headers = {"Authorization": f"Bearer {settings.llm_api_key}"} if settings.llm_api_key else {}
    timeout = aiohttp.ClientTimeout(total=settings.llm_timeout)
    async with aiohttp.ClientSession(
        headers=headers, timeout=timeout, json_serialize=lambda value: orjson.dumps(value).decode()
    ) as session:
        yield Endpoint(session, settings.llm_url.rstrip("/") + "/chat/completions", chosen)


async def _check(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status == 200:
        return
    message = f"the endpoint answered {status}"
    if status in (400, 422):
        raise _UnknownModeError(message)
    again = status in (408, 409, 425, 429) or status >= 500
    raise EndpointError(message, again=again, hopeless=status in HOPELESS, seconds=_retry_after(response))


def _retry_after(response: aiohttp.ClientResponse) -> float:
    said = response.headers.get("Retry-After", "").strip()
    if said.isdigit():
        return float(said[:6])
    try:
        return (parsedate_to_datetime(said) - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError):
        return 0.0


async def _read(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > MOST_BYTES:
            raise EndpointError(f"the answer has more than {MOST_BYTES} bytes")
    return bytes(content)


def _text_in(content: bytes) -> str:
    try:
        text = orjson.loads(content)["choices"][0]["message"]["content"]
    except (orjson.JSONDecodeError, LookupError, TypeError):
        raise EndpointError("the answer is not one of a chat completion", again=True) from None
    if not isinstance(text, str):
        raise EndpointError("the answer has no text", again=True)
    return text


def _again(error: BaseException) -> bool:
    return isinstance(error, EndpointError) and error.again and not error.hopeless


_backoff = tenacity.wait_random_exponential(multiplier=0.2, max=LONGEST_WAIT)


def _wait(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    seconds = error.seconds if isinstance(error, EndpointError) else 0.0
    return max(seconds, _backoff(state))
