"""Following the feed of events as a client does."""

from typing import Any

import httpx

from tests.support.rest import ok


async def events(client: httpx.AsyncClient, cursor: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """All events behind a cursor that the client's namespace has, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        params = {**query, **({"cursor": cursor} if cursor else {})}
        page = await ok(client, "GET", "/v1/events", params=params)
        found += page["results"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return found


async def now(client: httpx.AsyncClient) -> str:
    """A cursor behind everything that there is."""
    page = await ok(client, "GET", "/v1/events", params={"limit": 1000})
    while page["has_more"]:
        page = await ok(client, "GET", "/v1/events", params={"limit": 1000, "cursor": page["next_cursor"]})
    cursor: str = page["next_cursor"]
    return cursor
