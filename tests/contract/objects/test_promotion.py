"""Promotion: the blobs of an answer are uploaded as another object."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, PIXEL, ok, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")
INLINE = {"blobs": [{"property": "image_url", "type": "image", "data": {"base64": PIXEL, "mime_type": "image/png"}}]}


async def document(stack: Stack, client: httpx.AsyncClient) -> dict[str, Any]:
    """A document whose blob came inside the request, with a presigned link."""
    created = await upload(client, INLINE)
    document_id = await stack.process(created["object_id"])
    found: dict[str, Any] = await ok(client, "GET", f"{DOCUMENTS}/{document_id}?return_presigned_urls=true")
    return found


async def stored(stack: Stack, created: dict[str, Any]) -> dict[str, Any]:
    """The row of an object's only blob."""
    row = await stack.gateway.pool.fetchrow("SELECT * FROM blobs WHERE object_id = $1", created["object_id"])
    assert row is not None
    return dict(row)


async def test_a_blob_is_uploaded_again_by_either_of_its_links(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    (blob,) = (await document(stack, client))["document_blobs"]
    for link in (blob["url"], blob["presigned_url"]):
        again = {"property": blob["field"], "type": blob["type"], "data": link}
        row = await stored(stack, await ok(client, "POST", OBJECTS, {"blobs": [again]}))
        assert f"sha256:{row['sha256']}" == blob["checksum"]
        assert (row["mime_type"], row["source_url"]) == ("image/png", None)
        assert await stack.gateway.blobs.get(row["storage_key"])


async def test_a_link_to_another_namespaces_blob_opens_nothing(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    (blob,) = (await document(stack, client))["document_blobs"]
    await stack.gateway.pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1)", "ns_else")
    async with stack.client("ns_else") as other:
        await set_up(other)
        again = {"property": "image_url", "type": "image", "data": blob["presigned_url"]}
        row = await stored(stack, await ok(other, "POST", OBJECTS, {"blobs": [again]}))
    assert (row["storage_key"], row["source_url"]) == (None, blob["presigned_url"])
