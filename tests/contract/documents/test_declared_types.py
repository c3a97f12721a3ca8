"""Declared types mean something: times are instants, numbers are numbers, and what is neither is refused."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused
from tests.support.tutorial.option_a import BUCKET, COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

TYPES: dict[str, Any] = {
    "taken": {"type": "datetime"},
    "price": {"type": "number"},
    "pieces": {"type": "integer"},
    "sold": {"type": "boolean"},
    "info": {"type": "object", "properties": {"seen": {"type": "datetime"}, "size": {"type": "float"}}},
    "times": {"type": "array", "items": {"type": "date"}},
}
# Sorted as texts: 3, 0, 1, 2; as instants: 2, 1, 3, 0 and last the one without.
ROWS: list[dict[str, Any]] = [
    {"number": 0, "taken": "2026-01-01T09:00:00Z", "stamp": "2026-01-01T09:00:00Z"},
    {"number": 1, "taken": "2026-01-01T10:00:00+02:00", "stamp": "2026-01-01T10:00:00+02:00"},
    {"number": 2, "taken": "2026-01-01T12:00:00.25+05:00"},
    {"number": 3, "taken": "2026-01-01 08:30"},
    {"number": 4},
]


async def set_up(client: httpx.AsyncClient) -> None:
    properties = {**BUCKET["bucket_schema"]["properties"], **TYPES}
    await ok(client, "POST", "/v1/buckets", {**BUCKET, "bucket_schema": {"properties": properties}})
    await ok(client, "POST", "/v1/retrievers", RETRIEVER)
    await ok(client, "POST", "/v1/collections", COLLECTION)


@pytest_asyncio.fixture(loop_scope="session")
async def filled(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await set_up(client)
    for row in ROWS:
        await ok(client, "POST", DOCUMENTS, row)
    return client


async def numbers(client: httpx.AsyncClient, body: dict[str, Any], path: str = DOCUMENTS) -> list[int]:
    return [each["number"] for each in (await ok(client, "POST", f"{path}/list", body))["results"]]


@pytest.mark.parametrize("path", [DOCUMENTS, OBJECTS])
async def test_times_sort_and_compare_as_instants(filled: httpx.AsyncClient, path: str) -> None:
    assert await numbers(filled, {"sort": "taken"}, path) == [2, 1, 3, 0, 4]
    assert await numbers(filled, {"sort": "-metadata.taken"}, path) == [0, 3, 1, 2, 4]
    late = {"field": "taken", "operator": "gte", "value": "2026-01-01T03:30:00-05:00"}
    assert await numbers(filled, {"filters": late, "sort": "number"}, path) == [0, 3]
    same = {"must": [{"key": "taken", "match": {"value": "2026-01-01T08:00:00Z"}}]}
    assert await numbers(filled, {"filters": same}, path) == [1]
    other = {"field": "taken", "operator": "nin", "value": ["2026-01-01T08:00:00Z", "2026-01-01T08:30:00Z"]}
    assert await numbers(filled, {"filters": other, "sort": "number"}, path) == [0, 2, 4]


async def test_pages_of_instants_go_on_where_they_ended(filled: httpx.AsyncClient) -> None:
    found: list[int] = []
    cursor = None
    while True:
        query = {"sort": "taken", "limit": 2} | ({"after": cursor} if cursor else {})
        page = await ok(filled, "GET", DOCUMENTS, params=query)
        found += [each["number"] for each in page["results"]]
        if (cursor := page["pagination"]["next_cursor"]) is None:
            break
    assert found == [2, 1, 3, 0, 4]


async def test_a_field_that_nobody_declared_stays_a_text(filled: httpx.AsyncClient) -> None:
    assert await numbers(filled, {"sort": "stamp"}) == [0, 1, 2, 3, 4]
    late = {"stamp": {"$gt": "2026-01-01T09:30:00Z"}}
    assert await numbers(filled, {"filters": late}) == [1]
    assert await numbers(filled, {"filters": {"stamp": "2026-01-01T08:00:00Z"}}) == []


async def test_extremes_and_buckets_of_time_are_instants(filled: httpx.AsyncClient) -> None:
    extremes = [{"function": each, "field": "taken", "alias": each} for each in ("min", "max")]
    answer = await ok(filled, "POST", f"{DOCUMENTS}/aggregate", {"aggregations": extremes})
    assert answer["results"][0]["metrics"] == {"min": ROWS[2]["taken"], "max": ROWS[0]["taken"]}
    await ok(filled, "POST", DOCUMENTS, {"number": 9, "stamp": "2026-02-30"})
    body = {
        "group_by": [{"field": "stamp", "date_trunc": "hour", "alias": "hour"}],
        "aggregations": [{"function": "count", "alias": "n"}],
    }
    hours = await ok(filled, "POST", f"{DOCUMENTS}/aggregate", body)
    assert {str(each["group"]["hour"])[:13] for each in hours["results"]} == {"2026-01-01T08", "2026-01-01T09", "None"}


@pytest.mark.parametrize("value", ["2026-02-30T10:00:00Z", "yesterday", "2026-13-01"])
async def test_a_filter_names_a_time_that_there_is(filled: httpx.AsyncClient, value: str) -> None:
    filters = {"field": "taken", "operator": "gte", "value": value}
    for path in (DOCUMENTS, OBJECTS):
        error = await refused(filled, 422, "POST", f"{path}/list", {"filters": filters})
        assert "taken" in error["message"]


WRONG = [
    ({"taken": "2026-02-30T10:00:00Z"}, "taken"),
    ({"taken": 5}, "taken"),
    ({"price": "12.5"}, "price"),
    ({"price": True}, "price"),
    ({"pieces": 1.5}, "pieces"),
    ({"pieces": 1e20}, "pieces"),
    ({"sold": "yes"}, "sold"),
    ({"info": {"seen": "soon"}}, "info.seen"),
    ({"info.size": "large"}, "info.size"),
    ({"info": "text"}, "info"),
    ({"times": ["2026-01-01", "2026-04-31"]}, "times.1"),
]


@pytest.mark.parametrize(("fields", "place"), WRONG)
async def test_what_is_not_of_its_type_is_refused_by_its_name(
    client: httpx.AsyncClient, fields: dict[str, Any], place: str
) -> None:
    await set_up(client)
    created = await ok(client, "POST", OBJECTS, {"metadata": {"price": 1, "pieces": 2.0, "sold": None, "times": []}})
    document = await ok(client, "POST", DOCUMENTS, {"taken": "2026-01-01", "info": {"size": 3}})
    one = f"{DOCUMENTS}/{document['document_id']}"
    upload = {"filename": "a.jpg", "content_type": "image/jpeg", "object_metadata": fields}
    for method, path, body, lead in (
        ("POST", OBJECTS, {"metadata": fields}, "body"),
        ("PATCH", f"{OBJECTS}/{created['object_id']}", {"metadata": fields}, "body"),
        ("POST", OBJECTS.replace("objects", "uploads"), upload, "body.object_metadata"),
        ("POST", DOCUMENTS, fields, "body"),
        ("PATCH", one, fields, "body"),
        ("PATCH", f"/v1/documents/{document['document_id']}", fields, "body"),
        ("POST", f"{DOCUMENTS}/batch", {"all": True, "update_data": fields}, "body.update_data"),
        ("PATCH", f"{DOCUMENTS}/bulk", {"all": True, "update_data": fields}, "body.update_data"),
    ):
        error = await refused(client, 422, method, path, body)
        assert error["details"]["path"] == f"{lead}.{place}"
