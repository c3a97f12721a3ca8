"""Whatever is sent as an object, an upload or a batch: it is stored, or a 4xx names the path of the fault."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.test_fuzzed_lists import text_of
from tests.support.gateway.rest import OBJECTS, PIXEL, set_up

pytestmark = pytest.mark.asyncio(loop_scope="session")

BUCKET = OBJECTS.removesuffix("/objects")
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(["\0", "a\0b", "\ud800", 10**400, -(2**63) - 1, 1e308, "💥", "x" * 5000]),
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
DEEP = st.integers(1, 900).map(lambda depth: json.loads("[" * depth + "]" * depth))
URLS = ["https://h/x.jpg", "s3://b/k", "http://[::1", "https://", "data:", "data:,", "data:;base64,?", "file:///x"]
DATA = st.one_of(
    JSON,
    st.sampled_from(URLS),
    st.fixed_dictionaries({"url": st.sampled_from(URLS) | JSON}),
    st.fixed_dictionaries({"base64": st.sampled_from([PIXEL, "?", ""]) | JSON}, optional={"mime_type": JSON}),
    st.fixed_dictionaries({"text": JSON}),
)
BLOBS = st.fixed_dictionaries(
    {"property": st.sampled_from(["image_url", "content", "", "a" * 101]) | JSON},
    optional={
        "type": st.sampled_from(["image", "text", "number", "array", "string", "hologram"]) | JSON,
        "data": DATA,
        "upload_id": st.sampled_from(["upl_unknown", "upl_", "obj_1"]) | JSON,
        "checksum": JSON,
        "metadata": JSON,
        "filename": JSON,
    },
)
OBJECT = st.fixed_dictionaries(
    {},
    optional={
        "blobs": st.lists(BLOBS, max_size=2) | JSON,
        "metadata": st.dictionaries(st.text(max_size=5), JSON | DEEP, max_size=3) | JSON,
        "key_prefix": JSON,
        "idempotency_key": JSON,
        "skip_duplicates": JSON,
        "status": JSON,
        "colour": JSON | DEEP,
    },
)
UPLOAD = st.fixed_dictionaries(
    {
        "filename": st.sampled_from(["x.png", "../x", "a\0b", ""]) | JSON,
        "content_type": st.sampled_from(["image/png", "text/plain; charset=utf-8", "?", "a/b\n"]) | JSON,
    },
    optional={
        "file_size_bytes": JSON,
        "presigned_url_expiration": st.sampled_from([60, 59, 10**9]) | JSON,
        "blob_property": JSON,
        "blob_type": JSON,
        "file_hash": JSON,
        "metadata": JSON,
        "object_metadata": JSON | DEEP,
        "skip_duplicates": JSON,
    },
)
BATCH = st.fixed_dictionaries(
    {},
    optional={
        "object_ids": st.lists(st.sampled_from(["obj_unknown", "\0"]) | JSON, max_size=2) | JSON,
        "filters": JSON,
        "collection_ids": JSON,
        "limit": JSON,
        "metadata": JSON | DEEP,
        "batch_name": JSON,
        "auto_submit": JSON,
    },
)
FUZZ = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))


@pytest_asyncio.fixture(loop_scope="session")
async def ready(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """A client with the tutorial's bucket and collection."""
    await set_up(client)
    return client


async def assert_answered(client: httpx.AsyncClient, method: str, path: str, body: Any) -> None:
    response = await client.request(method, path, content=text_of(body), headers={"content-type": "application/json"})
    assert response.status_code < 500, (body, response.text)
    if response.status_code == 422:
        assert response.json()["error"]["details"]["path"], response.text


@FUZZ
@given(body=OBJECT | JSON)
async def test_any_object_is_stored_or_refused(ready: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(ready, "POST", OBJECTS, body)
    await assert_answered(ready, "POST", f"{OBJECTS}/batch", {"objects": [body, {"colour": "red"}]})


@FUZZ
@given(body=UPLOAD | JSON)
async def test_any_upload_is_created_or_refused(ready: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(ready, "POST", f"{BUCKET}/uploads", body)
    await assert_answered(ready, "POST", f"{BUCKET}/uploads/batch", {"uploads": [body]})
    await assert_answered(ready, "POST", f"{BUCKET}/uploads/upl_unknown/confirm", body)
    await assert_answered(ready, "POST", f"{BUCKET}/uploads/confirm/batch", {"confirmations": [body]})


@FUZZ
@given(body=BATCH | JSON)
async def test_any_batch_or_trigger_is_taken_or_refused(ready: httpx.AsyncClient, body: Any) -> None:
    await assert_answered(ready, "POST", f"{BUCKET}/batches", body)
    await assert_answered(ready, "POST", "/v1/collections/products_unified/trigger", body)
    for path in ("/v1/tasks/list", "/v1/batches/list", f"{BUCKET}/batches/list", f"{BUCKET}/uploads/list"):
        await assert_answered(ready, "POST", path, body)


@FUZZ
@given(token=st.text(max_size=40) | st.binary(max_size=40).map(lambda raw: raw.hex()))
async def test_any_link_to_upload_to_is_refused(ready: httpx.AsyncClient, token: str) -> None:
    response = await ready.put(f"/v1/uploads/content/{quote(token, safe='')}", content=b"x")
    assert 400 <= response.status_code < 500, response.text
