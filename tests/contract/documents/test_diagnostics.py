"""The file of a document, what support asks of it, and the check of fields before they are sent."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, PIXEL, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

PICTURE = {"blobs": [{"property": "image_url", "type": "image", "data": f"data:image/png;base64,{PIXEL}"}]}


async def processed(client: httpx.AsyncClient, stack: Stack, body: Any = None, **fields: Any) -> tuple[str, str]:
    """Ids of an object and its document."""
    await set_up(client)
    object_id: str = (await upload(client, body or PICTURE))["object_id"]
    return object_id, await stack.process(object_id, fields=fields)


async def test_the_link_opens_the_file_without_a_key(client: httpx.AsyncClient, stack: Stack) -> None:
    _, document_id = await processed(client, stack, timestamp=2.5)
    found = await ok(client, "GET", f"{DOCUMENTS}/{document_id}/download")
    assert (found["start_time"], found["end_time"], found["cached"]) == (2.5, 2.5, False)
    async with stack.bare_client({}) as anyone:
        opened = await anyone.get(found["download_url"])
    assert (opened.status_code, opened.content[:4]) == (200, b"\x89PNG")


@pytest.mark.parametrize(
    ("fields", "times"),
    [
        ({}, (0, 0)),
        ({"start_time": 1, "end_time": 4.5}, (1, 4.5)),
        ({"start_time": 9, "end_time": 4}, (9, 9)),
        ({"timestamp": "late", "start_time": True, "end_time": -1}, (0, 0)),
        ({"timestamp": 1e300}, (0, 0)),
    ],
)
async def test_the_place_in_the_file_is_what_the_fields_say(
    client: httpx.AsyncClient, stack: Stack, fields: dict[str, Any], times: tuple[float, float]
) -> None:
    _, document_id = await processed(client, stack, **fields)
    found = await ok(client, "GET", f"{DOCUMENTS}/{document_id}/download")
    assert (found["start_time"], found["end_time"]) == times


async def test_a_document_without_a_file_has_none_to_download(client: httpx.AsyncClient, stack: Stack) -> None:
    _, document_id = await processed(client, stack, {"product_label": "boots"})
    assert (await refused(client, 404, "GET", f"{DOCUMENTS}/{document_id}/download"))["details"]["resource"] == "blob"


async def test_diagnostics_say_whether_and_why(client: httpx.AsyncClient, stack: Stack) -> None:
    object_id, document_id = await processed(client, stack)
    pool, path = stack.gateway.pool, f"{DOCUMENTS}/{document_id}/diagnostics"
    found = await ok(client, "GET", path)
    assert found["visibility_reason"]["searchable"] is True
    assert (found["source_object_id"], found["recent_failures"]["failures"]) == (object_id, [])
    assert found["diagnostic_history"]["entries"] == []
    history = [{"at": "2026-01-10T12:00:00+00:00", "duration_ms": 20.0}]
    query = "UPDATE documents SET internal = $2 WHERE document_id = $1"
    await pool.execute(query, document_id, {"processing": {"history": history}})
    await pool.execute("DELETE FROM embeddings WHERE document_id = $1", document_id)
    query = "UPDATE processing SET status = 'FAILED', error = 'TOO_SLOW: x', note = 'odd' WHERE object_id = $1"
    await pool.execute(query, object_id)
    found = await ok(client, "GET", path)
    assert found["visibility_reason"]["searchable"] is False
    assert [each["error"] for each in found["recent_failures"]["failures"]] == ["TOO_SLOW: x"]
    sources = [each["source"] for each in found["diagnostic_history"]["entries"]]
    assert sources == ["processing.history", "processing.note"]
    await refused(client, 404, "GET", f"{DOCUMENTS}/doc_none/diagnostics")


async def test_fields_are_checked_against_the_output_schema_and_not_stored(client: httpx.AsyncClient) -> None:
    await set_up(client)
    path = f"{DOCUMENTS}/schema/validate"
    good = await ok(client, "POST", path, {"product_label": "boots", "anything": 1})
    assert (good["valid"], good["violations"], good["unknown_fields"]) == (True, [], ["anything"])
    bad = await ok(client, "POST", path, {"metadata": {"product_label": 5}})
    assert (bad["valid"], bad["violations"][0]["field"]) == (False, "product_label")
    assert (await ok(client, "GET", DOCUMENTS))["results"] == []
    await refused(client, 422, "POST", path, ["no object"])
