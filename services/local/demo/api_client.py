"""Plain REST, as any client would speak it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import orjson

from services.local.demo.running_stack import DemoError
from services.local.demo.tutorial_bodies import JsonObject

PAGE = 1000


class Api:
    """JSON calls with the API key."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._base = f"{url}/v1"

    async def post(self, path: str, body: JsonObject) -> JsonObject:
        """POST `body`."""
        return await self._send("POST", path, body)

    async def patch(self, path: str, body: JsonObject) -> JsonObject:
        """PATCH with `body`."""
        return await self._send("PATCH", path, body)

    async def get(self, path: str, **query: str) -> JsonObject:
        """GET with a query string."""
        return await self._send("GET", path, None, query)

    async def list_all(self, path: str, **query: str) -> list[JsonObject]:
        """Every result of a list call, page by page."""
        found: list[JsonObject] = []
        cursor: dict[str, str] = {}
        while True:
            page = await self.get(path, limit=str(PAGE), **query, **cursor)
            found += page["results"]
            following = page["pagination"].get("next_cursor")
            if not following:
                return found
            cursor = {"cursor": following}

    async def _send(
        self, method: str, path: str, body: JsonObject | None, query: dict[str, str] | None = None
    ) -> JsonObject:
        data = None if body is None else orjson.dumps(body)
        async with self._session.request(method, self._base + path, data=data, params=query) as response:
            content = await response.read()
            if response.status >= 400:
                raise DemoError(f"{method} {path} answered {response.status}: {content.decode(errors='replace')}")
            answer: JsonObject = orjson.loads(content)
            return answer


@asynccontextmanager
async def open_api(url: str, key: str) -> AsyncIterator[Api]:
    """An Api on the stack at `url`."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(headers=headers, timeout=timeout) as session:
        yield Api(session, url)
