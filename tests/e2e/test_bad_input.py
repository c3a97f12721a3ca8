"""Bad input gets a clear error, on the request where it can be seen at once, on the object where it cannot."""

import base64
import json
from collections.abc import Iterator

import httpx
import numpy as np
import pytest

from likeness.common.v1.vector_pb2 import Dtype, Vector
from likeness.index.v1.index_pb2 import Query, SearchRequest
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import call, open_channel
from tests.e2e import unusual_images
from tests.e2e.api import Api, JsonObject, create_unified
from tests.support.media.pictures import data_uri, noise_jpeg, photos
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import LABEL, SLOT, bucket_body, collection_body, retriever_body, upload_body
from tests.support.web_servers import METADATA_SERVICE, web_server

NAME = "bad_input"
BUCKET = f"bkt_{NAME}"


@pytest.fixture(scope="module")
def ready(api: Api) -> Api:
    create_unified(api, NAME)
    return api


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    with web_server() as url:
        yield url


def processed(api: Api, data: str | JsonObject) -> JsonObject:
    created = api.post(f"/buckets/{BUCKET}/objects", upload_body(data))
    return api.processed(BUCKET, created["object_id"])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"These are words.", "NOT_AN_IMAGE", id="not an image"),
        pytest.param(unusual_images.truncated(), "TRUNCATED", id="truncated"),
        pytest.param(unusual_images.huge_png(), "TOO_MANY_PIXELS", id="50,000 x 50,000 pixels"),
    ],
)
def test_what_cannot_be_decoded_fails_with_its_reason_on_the_object(ready: Api, content: bytes, reason: str) -> None:
    found = processed(ready, data_uri(content))
    assert found["status"] == "FAILED"
    assert reason in found["error"]


@pytest.mark.parametrize(
    "data", ["data:image/jpeg;base64,", {"base64": ""}, "data:image/jpeg;base64,%%%", {"base64": "?"}]
)
def test_inline_data_that_is_empty_or_no_base64_is_refused_at_once(ready: Api, data: str | JsonObject) -> None:
    refused = ready.post(f"/buckets/{BUCKET}/objects", upload_body(data), status=422)
    assert "blobs.0.data" in json.dumps(refused["error"])


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(unusual_images.animated_gif(), id="animated"),
        pytest.param(unusual_images.sixteen_bit_png(), id="16 bit"),
        pytest.param(unusual_images.cmyk_jpeg(), id="CMYK"),
    ],
)
def test_unusual_images_are_processed(ready: Api, content: bytes) -> None:
    assert processed(ready, data_uri(content))["status"] == "COMPLETED"


def test_a_photo_on_its_side_is_turned_upright_as_its_exif_says(ready: Api) -> None:
    upright = photos("monument")[0].read_bytes()
    example = processed(ready, data_uri(upright))
    ready.patch(f"/buckets/{BUCKET}/objects/{example['object_id']}", {"metadata": {LABEL: "Monument"}})
    turned = processed(ready, data_uri(unusual_images.turned_by_exif(upright), "image/png"))
    match = ready.document_of(NAME, turned["object_id"])["taxonomy_match"]
    assert match["matched"] is True
    assert match["confidence"] > 0.99


def test_urls_are_followed(ready: Api, web: str) -> None:
    assert processed(ready, {"url": f"{web}/once"})["status"] == "COMPLETED"


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("/missing", "FETCH_STATUS"),
        ("/forever", "FETCH_REDIRECTS"),
        ("/slow", "FETCH_TIMEOUT"),
        ("/endless", "FETCH_TOO_LARGE"),
        ("/inside", "FETCH_REFUSED"),
    ],
)
def test_a_url_that_gives_no_photo_fails_with_its_reason_on_the_object(
    ready: Api, web: str, path: str, reason: str
) -> None:
    found = processed(ready, f"{web}{path}")
    assert found["status"] == "FAILED"
    assert reason in found["error"]


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://127.0.0.1:9/photo.jpg", "FETCH_UNREACHABLE"),
        (METADATA_SERVICE, "FETCH_REFUSED"),
        ("http://127.0.0.2/photo.jpg", "FETCH_REFUSED"),
        ("http://10.0.0.1/photo.jpg", "FETCH_REFUSED"),
        ("http://[::1]/photo.jpg", "FETCH_REFUSED"),
        ("http://[::ffff:10.0.0.1]/photo.jpg", "FETCH_REFUSED"),
    ],
)
def test_addresses_that_are_down_or_private_are_not_fetched(ready: Api, url: str, reason: str) -> None:
    found = processed(ready, url)
    assert found["status"] == "FAILED"
    assert reason in found["error"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/buckets/bkt_none"),
        ("GET", f"/buckets/{BUCKET}/objects/obj_none"),
        ("PATCH", f"/buckets/{BUCKET}/objects/obj_none"),
        ("POST", "/buckets/bkt_none/objects"),
        ("GET", "/collections/col_none/documents"),
        ("GET", f"/collections/{NAME}/documents/doc_none"),
        ("GET", "/retrievers/ret_none"),
    ],
)
def test_an_unknown_id_is_404_and_named(ready: Api, method: str, path: str) -> None:
    body = {"POST": upload_body("https://example.com/a.jpg"), "PATCH": {"metadata": {LABEL: "x"}}}.get(method)
    missing = next(part for part in path.split("/") if part.endswith("_none"))
    error = ready.call(method, path, body, status=404)["error"]
    assert error["type"] == "NotFoundError"
    assert error["details"]["id"] == missing


@pytest.mark.parametrize(
    ("filters", "path"),
    [
        ("{not json", "filters"),
        ('{"AND": [7]}', "filters.AND.0"),
        ('{"AND": [{"field": "a", "operator": "resembles", "value": 1}]}', "filters.AND.0.operator"),
        ('{"must": [{"key": "a", "match": {"operator": "gt", "value": {}}}]}', "filters.must.0"),
    ],
)
def test_a_bad_filter_is_422_and_names_the_path(ready: Api, filters: str, path: str) -> None:
    query = httpx.QueryParams({"filters": filters})
    error = ready.get(f"/collections/{NAME}/documents?{query}", status=422)["error"]
    assert error["type"] == "ValidationError"
    assert path in json.dumps(error)


@pytest.mark.parametrize("resource", ["bucket", "retriever", "collection"])
def test_a_name_that_is_taken_is_409(ready: Api, resource: str) -> None:
    body = {"bucket": bucket_body, "retriever": retriever_body, "collection": collection_body}[resource](NAME)
    assert ready.post(f"/{resource}s", body, status=409)["error"]["type"] == "AlreadyExistsError"


@pytest.mark.parametrize("header", [None, "Bearer sk_wrong", "Bearer", "Basic c2tfeDp5"])
def test_no_key_or_a_wrong_one_is_401(stack: Stack, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.get(f"{stack.url}/v1/buckets", headers=headers, trust_env=False)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "UnauthorizedError"


def test_a_body_of_20_mb_is_413(ready: Api) -> None:
    body = upload_body({"base64": base64.b64encode(b"\0" * 15_000_000).decode()})
    refused = ready.post(f"/buckets/{BUCKET}/objects", body, status=413)
    assert refused["success"] is False


@pytest.mark.parametrize(
    "body", ["{", "[]", '"text"', '{"blobs": 1}', '{"blobs": [{"property": "image_url", "data": 7}]}']
)
def test_a_body_of_another_form_is_a_clients_error(ready: Api, body: str) -> None:
    answer = ready.client.post(
        f"{ready.url}/buckets/{BUCKET}/objects", content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.json()["success"] is False


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0])
async def test_a_vector_that_is_no_direction_is_refused_over_grpc(stack: Stack, value: float) -> None:
    data = np.full(1280, value, dtype="<f2").tobytes()
    query = Query(vector=Vector(data=data, dtype=Dtype.DTYPE_FLOAT16, dimensions=1280))
    request = SearchRequest(namespace_id="ns", collection_ids=["col"], feature_uri=SLOT, queries=[query], top_k=1)
    channel = open_channel(stack.endpoint("index"))
    try:
        with pytest.raises(InvalidArgumentError):
            await call(IndexServiceStub(channel).Search, request, seconds=30)
    finally:
        await channel.close()


def test_nothing_is_lost_beside_bad_input(ready: Api) -> None:
    good = [noise_jpeg(5_000_000 + number) for number in range(6)]
    created = [
        ready.post(f"/buckets/{BUCKET}/objects", upload_body(data_uri(content)))["object_id"]
        for pair in zip(good, [unusual_images.truncated()] * len(good), strict=True)
        for content in pair
    ]
    statuses = [ready.processed(BUCKET, object_id)["status"] for object_id in created]
    assert statuses == ["COMPLETED", "FAILED"] * len(good)
