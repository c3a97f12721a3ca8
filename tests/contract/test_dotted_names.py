"""One rule for dotted names: the flat key first, then inside of fields and of the objects of lists."""

from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, set_up_with, upload
from tests.support.tutorial.option_a import BOOTSTRAP_OBJECT

pytestmark = pytest.mark.asyncio(loop_scope="session")

ROWS: list[dict[str, Any]] = [
    {"number": 0, "info": {"kind": "b", "deep": {"size": 3}}},
    {"number": 1, "info": {"kind.sub": "a"}, "people": [{"name": "Ann", "age": 9}, {"name": "Bo"}, "nobody"]},
    {"number": 2, "info": {"kind": "c"}, "people": {"name": "Cy"}},
]


@pytest_asyncio.fixture(loop_scope="session")
async def filled(client: httpx.AsyncClient) -> httpx.AsyncClient:
    await set_up_with(client, ROWS)
    return client


async def numbers(client: httpx.AsyncClient, body: dict[str, Any]) -> list[int]:
    return [each["number"] for each in (await ok(client, "POST", f"{DOCUMENTS}/list", body))["results"]]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"info.kind": "b"}, [0]),
        ({"metadata.info.deep.size": {"$gt": 2}}, [0]),
        ({"field": "info.kind.sub", "operator": "eq", "value": "a"}, [1]),
        ({"must": [{"key": "people.name", "match": {"value": "Bo"}}]}, [1]),
        ({"field": "people.name", "operator": "in", "value": ["Cy", "Ann"]}, [1, 2]),
        ({"field": "people.age", "operator": "exists", "value": True}, [1]),
        ({"field": "people.1.name", "operator": "starts_with", "value": "b"}, [1]),
        ({"must_not": [{"key": "people.name", "match": "Ann"}]}, [0, 2]),
    ],
)
async def test_filters_of_every_dialect(filled: httpx.AsyncClient, filters: Any, expected: list[int]) -> None:
    assert await numbers(filled, {"filters": filters, "sort": "number"}) == expected


async def test_lists_are_sorted_grouped_and_selected_by_paths(filled: httpx.AsyncClient) -> None:
    assert await numbers(filled, {"sort": "-info.kind"}) == [2, 0, 1]
    grouped = await ok(filled, "POST", f"{DOCUMENTS}/list", {"group_by": "people.name"})
    assert [group["group_key"] for group in grouped["groups"]] == ["Cy", ["Ann", "Bo"], None]
    body = {"select": ["people.name", "people.age", "info.kind.sub"], "sort": "number"}
    page = await ok(filled, "POST", f"{DOCUMENTS}/list", body)
    first, second, third = (each.get("metadata") for each in page["results"])
    assert first is None
    assert second == {"people": [{"name": "Ann", "age": 9}, {"name": "Bo"}, {}], "info": {"kind.sub": "a"}}
    assert third == {"people": {"name": "Cy"}}


async def test_aggregations_reach_into_what_they_unwind(filled: httpx.AsyncClient) -> None:
    body = {
        "unwind": "people",
        "group_by": [{"field": "people.name"}],
        "aggregations": [{"function": "sum", "field": "people.age", "alias": "age"}],
    }
    answer = await ok(filled, "POST", f"{DOCUMENTS}/aggregate", body)
    found = {each["group"]["people.name"]: each["metrics"]["age"] for each in answer["results"]}
    assert found == {"Ann": 9, "Bo": 0, "Cy": 0, None: 0}


async def test_suggestions_look_at_paths(filled: httpx.AsyncClient) -> None:
    found = await ok(filled, "GET", "/v1/retrievers/typeahead?q=a&fields=people.name,metadata.info.kind.sub")
    assert {(each["field"], each["value"]) for each in found["values"]} == {
        ("people.name", "Ann"),
        ("metadata.info.kind.sub", "a"),
    }


async def test_a_field_is_one_field_however_it_is_spelled(filled: httpx.AsyncClient) -> None:
    created = await ok(filled, "POST", DOCUMENTS, {"info.kind": "flat", "number": 9})
    path = f"{DOCUMENTS}/{created['document_id']}"
    await ok(filled, "PATCH", path, {"info": {"kind": "corrected"}})
    assert await numbers(filled, {"filters": {"info.kind": "flat"}}) == []
    assert await numbers(filled, {"filters": {"info.kind": "corrected"}}) == [9]


async def test_an_objects_field_is_one_field_however_it_is_spelled(client: httpx.AsyncClient) -> None:
    await set_up(client)
    created = await upload(client, {**BOOTSTRAP_OBJECT, "metadata": {"info.kind": "flat"}})
    path = f"{OBJECTS}/{created['object_id']}"
    await ok(client, "PATCH", path, {"metadata": {"info": {"kind": "corrected"}}})
    listed = await ok(
        client, "POST", f"{OBJECTS}/list", {"filters": {"info.kind": "corrected"}, "select": ["info.kind"]}
    )
    assert [each["metadata"] for each in listed["results"]] == [
        {"info": {"kind": "corrected"}, "info.kind": "corrected"}
    ]


async def test_a_unique_key_may_lie_inside_a_field(client: httpx.AsyncClient) -> None:
    bucket = {
        "bucket_name": "keyed",
        "bucket_schema": {"properties": {"product": {"type": "object"}}},
        "unique_key": {"fields": ["product.sku"], "default_policy": "upsert"},
    }
    await ok(client, "POST", "/v1/buckets", bucket)
    objects = "/v1/buckets/bkt_keyed/objects"
    first = await ok(client, "POST", objects, {"metadata": {"product": {"sku": "a", "price": 1}}})
    again = await ok(client, "POST", objects, {"metadata": {"product.sku": "a"}})
    assert again["object_id"] == first["object_id"]
    path = f"{objects}/{first['object_id']}"
    error = await refused(client, 422, "PATCH", path, {"metadata": {"product": {"sku": "b"}}})
    assert "product.sku" in error["message"]
