"""Short ways to bring a gateway into the state that a test starts from."""

from collections.abc import Iterable
from typing import Any

import httpx

from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT, BUCKET, COLLECTION, RETRIEVER

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg=="
OBJECTS = "/v1/buckets/bkt_products_unified/objects"
DOCUMENTS = "/v1/collections/products_unified/documents"


async def ok(client: httpx.AsyncClient, method: str, path: str, body: Any = None, **options: Any) -> Any:
    """The JSON of an answer that must be 200."""
    response = await client.request(method, path, json=body, **options)
    assert response.status_code == 200, response.text
    return response.json()


async def refused(client: httpx.AsyncClient, status: int, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """The `error` of an envelope with this status."""
    response = await client.request(method, path, json=body)
    assert response.status_code == status, response.text
    envelope = response.json()
    assert envelope["success"] is False
    assert envelope["status"] == status
    error: dict[str, Any] = envelope["error"]
    return error


async def set_up(client: httpx.AsyncClient) -> dict[str, Any]:
    """Step 1 of the tutorial: bucket, retriever, collection; returns the collection."""
    await ok(client, "POST", "/v1/buckets", BUCKET)
    await ok(client, "POST", "/v1/retrievers", RETRIEVER)
    collection: dict[str, Any] = await ok(client, "POST", "/v1/collections", COLLECTION)
    return collection


async def upload(client: httpx.AsyncClient, body: dict[str, Any] | None = None, **options: Any) -> dict[str, Any]:
    """Uploads an object of the tutorial, or another."""
    created: dict[str, Any] = await ok(client, "POST", OBJECTS, body or BOOTSTRAP_OBJECT, **options)
    return created


async def set_up_with(client: httpx.AsyncClient, rows: Iterable[Any]) -> None:
    """The tutorial's bucket and collection, with documents of these fields."""
    await set_up(client)
    for row in rows:
        await ok(client, "POST", DOCUMENTS, row)


async def feed_events(client: httpx.AsyncClient, cursor: str | None = None, **query: Any) -> list[dict[str, Any]]:
    """All events behind a cursor that the client's namespace has, page by page."""
    found: list[dict[str, Any]] = []
    while True:
        params = {**query, **({"cursor": cursor} if cursor else {})}
        page = await ok(client, "GET", "/v1/events", params=params)
        found += page["results"]
        cursor = page["next_cursor"]
        if not page["has_more"]:
            return found


async def feed_cursor(client: httpx.AsyncClient) -> str:
    """A cursor behind everything that there is."""
    page = await ok(client, "GET", "/v1/events", params={"limit": 1000})
    while page["has_more"]:
        page = await ok(client, "GET", "/v1/events", params={"limit": 1000, "cursor": page["next_cursor"]})
    cursor: str = page["next_cursor"]
    return cursor
