"""Every refusal has the contract's envelope, and names what was wrong."""

from typing import Any

import httpx
import pytest

from services.common.database.api_keys import create_key, new_key, revoke_key
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, PIXEL, ok, refused, set_up, upload
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

PROTECTED = [
    ("GET", "/v1/buckets"),
    ("POST", "/v1/buckets/list"),
    ("POST", "/v1/buckets"),
    ("GET", "/v1/collections/x/documents"),
    ("PATCH", "/v1/buckets/b/objects/o"),
    ("POST", "/v1/retrievers/r/execute"),
    ("GET", "/v1/namespaces"),
]
PUBLIC = [
    "/v1/retrievers/stages",
    "/v1/collections/features/extractors",
    "/v1/collections/features/extractors/image_extractor_v1",
    "/v1/health",
    "/health",
    "/health/liveness",
    "/openapi.json",
    "/docs",
]


@pytest.mark.parametrize(("method", "path"), PROTECTED)
async def test_without_a_key_nothing_is_answered(stack: Stack, method: str, path: str) -> None:
    async with stack.bare_client({}) as stranger:
        error = await refused(stranger, 401, method, path, None if method == "GET" else {})
    assert error["type"] == "UnauthorizedError"


@pytest.mark.parametrize("path", PUBLIC)
async def test_public_routes_need_no_key(stack: Stack, path: str) -> None:
    async with stack.bare_client({}) as stranger:
        assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize(
    "header", ["Bearer sk_wrong", "Basic abc", "sk_x", f"Bearer {new_key()}", "Bearer ", "Bearer é"]
)
async def test_a_wrong_key_is_refused(stack: Stack, header: str) -> None:
    async with stack.bare_client({}) as stranger:
        response = await stranger.get("/v1/buckets", headers=[(b"authorization", header.encode("latin-1"))])
    assert response.status_code == 401


async def test_a_revoked_key_is_refused_once_it_is_forgotten(stack: Stack) -> None:
    key_id, key = await create_key(stack.gateway.pool, "short-lived")
    async with stack.bare_client({"Authorization": f"bearer {key}"}) as owner:
        await ok(owner, "GET", "/v1/buckets")
        await revoke_key(stack.gateway.pool, key_id)
        stack.gateway.keys.forget()
        await refused(owner, 401, "GET", "/v1/buckets")


@pytest.mark.parametrize(
    ("method", "path", "identifier"),
    [
        ("GET", "/v1/buckets/bkt_none", "bkt_none"),
        ("DELETE", "/v1/buckets/none", "none"),
        ("POST", "/v1/buckets/none/objects", "none"),
        ("GET", f"{OBJECTS}/obj_none", "obj_none"),
        ("PATCH", f"{OBJECTS}/obj_none", "obj_none"),
        ("DELETE", f"{OBJECTS}/obj_none", "obj_none"),
        ("GET", "/v1/collections/col_none", "col_none"),
        ("GET", "/v1/collections/none/documents", "none"),
        ("GET", f"{DOCUMENTS}/doc_none", "doc_none"),
        ("GET", "/v1/documents/doc_none", "doc_none"),
        ("DELETE", f"{DOCUMENTS}/doc_none", "doc_none"),
        ("GET", "/v1/retrievers/ret_none", "ret_none"),
        ("POST", "/v1/retrievers/ret_none/execute", "ret_none"),
        ("GET", "/v1/collections/none/analytics/field-distribution?field=x", "none"),
        ("GET", "/v1/namespaces/none", "none"),
        ("GET", "/v1/collections/features/extractors/none_v1", "none_v1"),
        ("GET", "/v1/blobs/blob_none", "blob_none"),
    ],
)
async def test_an_unknown_id_is_404_and_named(
    client: httpx.AsyncClient, method: str, path: str, identifier: str
) -> None:
    await set_up(client)
    error = await refused(client, 404, method, path, {} if method in ("POST", "PATCH") else None)
    assert error["type"] == "NotFoundError"
    assert error["details"]["id"] == identifier
    assert identifier in error["message"]


async def test_an_unknown_route_is_404_and_named(client: httpx.AsyncClient) -> None:
    error = await refused(client, 404, "GET", "/v1/nothing-here")
    assert error["type"] == "NotFoundError"
    assert "GET /v1/nothing-here" in error["message"]


async def test_a_wrong_method_is_405_and_says_which_are_right(client: httpx.AsyncClient) -> None:
    response = await client.delete("/v1/buckets")
    assert response.status_code == 405
    error = response.json()["error"]
    assert error["type"] == "MethodNotAllowedError"
    assert "GET, POST" in error["message"]
    assert response.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("path", "body", "again"),
    [
        ("/v1/buckets", BUCKET, BUCKET),
        ("/v1/retrievers", RETRIEVER, RETRIEVER),
        ("/v1/collections", COLLECTION, COLLECTION),
    ],
)
async def test_a_taken_name_is_409(client: httpx.AsyncClient, path: str, body: Any, again: Any) -> None:
    await set_up(client)
    error = await refused(client, 409, "POST", path, again)
    assert error["type"] == "AlreadyExistsError"
    assert "products_unified" in error["message"]


@pytest.mark.parametrize(
    ("method", "path", "body", "where"),
    [
        ("POST", "/v1/buckets", {}, "body.bucket_name"),
        (
            "POST",
            "/v1/buckets",
            {"bucket_name": "b", "bucket_schema": {"properties": {"a": {"type": "wrong"}}}},
            "body",
        ),
        ("POST", "/v1/retrievers", {"retriever_name": "r"}, "body.stages"),
        ("POST", "/v1/retrievers", {"retriever_name": "r", "stages": []}, "body.stages"),
        ("POST", "/v1/retrievers", {"retriever_name": "r", "stages": [{}]}, "body.stages.0.config.stage_id"),
        (
            "POST",
            "/v1/retrievers",
            {"retriever_name": "r", "stages": [{"config": {"stage_id": "magic"}}]},
            "body.stages.0.config.stage_id",
        ),
        ("POST", "/v1/collections", COLLECTION | {"collection_name": "ab"}, "body.collection_name"),
        ("POST", "/v1/collections", COLLECTION | {"feature_extractor": None}, "body.feature_extractor"),
        ("POST", "/v1/collections", COLLECTION | {"source": {"type": "bucket"}}, "body.source.bucket_ids"),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"feature_extractor": {"feature_extractor_name": "multimodal_extractor"}},
            "body.feature_extractor.feature_extractor_name",
        ),
        (
            "POST",
            "/v1/collections",
            COLLECTION | {"taxonomy": {"field_to_enrich": "x", "confidence_threshold": 2}},
            "body.taxonomy.confidence_threshold",
        ),
        ("GET", f"{DOCUMENTS}?filters=nonsense", None, "query.filters"),
        ("GET", f'{DOCUMENTS}?filters={{"field":"x","operator":"near","value":1}}', None, "query.filters"),
        ("POST", f"{DOCUMENTS}/list", {"filters": {"field": "x", "operator": "near", "value": 1}}, "body.filters"),
        ("POST", f"{DOCUMENTS}/list", {"filters": "text"}, "body.filters"),
        ("GET", f"{DOCUMENTS}?limit=0", None, "query.limit"),
        ("GET", f"{DOCUMENTS}?limit=1001", None, "query.limit"),
        ("GET", f"{DOCUMENTS}?cursor=nonsense", None, "query.cursor"),
        ("GET", f"{DOCUMENTS}?sort=x:sideways", None, "query.sort"),
        ("GET", "/v1/collections/products_unified/analytics/field-distribution", None, "query.field"),
        ("PATCH", f"{OBJECTS}/any", {"status": "COMPLETED"}, "body.status"),
        ("POST", OBJECTS, {"object_id": "mine"}, "body.object_id"),
        ("POST", OBJECTS, {"auto_process": False}, "body.auto_process"),
        ("POST", OBJECTS, {"blobs": [{"type": "image", "data": "https://h/x"}]}, "body.blobs.0.property"),
        ("POST", OBJECTS, {"blobs": "no"}, "body.blobs"),
        ("POST", OBJECTS, {"label": "nul \0"}, "body"),
    ],
)
async def test_a_wrong_field_is_422_and_its_place_is_named(
    client: httpx.AsyncClient, method: str, path: str, body: Any, where: str
) -> None:
    await set_up(client)
    error = await refused(client, 422, method, path, body)
    assert error["type"] == "ValidationError"
    location = ".".join(str(part) for part in error["details"]["validation_errors"][0]["location"])
    assert location.startswith(where)
    assert error["details"]["path"] == location


@pytest.mark.parametrize(
    "data",
    [
        {"base64": "not base64!"},
        {"base64": PIXEL[:-3]},
        {"base64": ""},
        {"base64": 5},
        "data:image/png;base64,%%%",
        "data:image/png;base64,",
        "data:image/png",
        "file:///etc/passwd",
        "ftp://host/x.jpg",
        "javascript:alert(1)",
        "https://",
        PIXEL,
        "",
        None,
        [],
        {"url": "not a url"},
        {"nothing": 1},
    ],
)
async def test_blob_data_that_is_no_data_is_422(client: httpx.AsyncClient, data: Any) -> None:
    await set_up(client)
    body = {"blobs": [{"property": "image_url", "type": "image", "data": data}]}
    error = await refused(client, 422, "POST", OBJECTS, body)
    assert error["details"]["path"] in ("body.blobs.0.data", "body.blobs.0.data.base64", "body.blobs.0.data.url")


async def test_a_body_that_is_no_json_is_422(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/buckets", content=b"{", headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["details"]["validation_errors"][0]["location"][0] == "body"


async def test_a_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    error = await refused(client, 413, "POST", "/v1/buckets", {"bucket_name": "b", "metadata": {"x": "y" * 1_100_000}})
    for part in ("1000000", "LIKENESS_MAX_BODY_BYTES", "/uploads"):
        assert part in error["message"]
    assert (error["code"], error["details"]["path"]) == ("TOO_LARGE", "body")


async def test_a_streamed_body_over_the_limit_is_413(client: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(30):
            yield b" " * 50_000

    response = await client.post("/v1/buckets", content=chunks(), headers={"content-type": "application/json"})
    assert response.status_code == 413
    said = response.json()["error"]
    assert (said["type"], said["code"], said["details"]["path"]) == ("BadRequestError", "TOO_LARGE", "body")
    assert "/uploads" in said["message"]
    assert "LIKENESS_MAX_BODY_BYTES" in said["message"]


async def test_a_fault_of_ours_is_500_without_its_details(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client)
    await stack.gateway.pool.execute("UPDATE objects SET fields = '[]' WHERE object_id = $1", created["object_id"])
    error = await refused(client, 500, "GET", f"{OBJECTS}/{created['object_id']}")
    assert error["type"] == "InternalServerError"
    assert "Traceback" not in error["message"]


async def test_every_answer_carries_the_request_id(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/nothing-here", headers={"X-Request-Id": "my-request.1"})
    assert response.headers["X-Request-Id"] == "my-request.1"
    response = await client.get("/v1/buckets", headers={"X-Request-Id": "no spaces allowed"})
    assert response.headers["X-Request-Id"].startswith("req_")


@pytest.mark.parametrize(
    ("method", "path", "text", "place"),
    [
        ("POST", "/v1/buckets/bkt_x/objects", '{"metadata": {"serial": 99999999999999999999}}', "body.metadata.serial"),
        ("POST", "/v1/collections/x/documents/list", '{"filters": {"a": {"$gt": 1e999}}}', "body.filters.a.$gt"),
        ("PATCH", "/v1/collections/x/documents/y", '{"a": [NaN]}', "body.a.0"),
    ],
)
async def test_a_number_that_would_be_rounded_is_refused_where_it_stands(
    client: httpx.AsyncClient, method: str, path: str, text: str, place: str
) -> None:
    response = await client.request(method, path, content=text, headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["error"]["details"]["path"]) == (422, place)
