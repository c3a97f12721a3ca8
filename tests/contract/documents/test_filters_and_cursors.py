"""Lists of documents: filters in every dialect, any sort, and cursors that neither repeat nor skip."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONFIDENCES = (0.5, None, 0.9, 0.5, None, 0.1, 0.5)


async def documents(client: httpx.AsyncClient, stack: Stack) -> list[str]:
    """Documents with the confidences above, in that order."""
    await set_up(client)
    ids = []
    for number, confidence in enumerate(CONFIDENCES):
        match = None if confidence is None else {"matched": confidence > 0.3, "confidence": confidence}
        created = await upload(client)
        ids.append(await stack.process(created["object_id"], match=match, fields={"number": number}))
    return ids


def numbers(page: dict[str, Any]) -> list[int]:
    return [document["number"] for document in page["results"]]


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6]),
        ({"sort_by": "taxonomy_match.confidence"}, [2, 0, 3, 6, 5, 1, 4]),
        ({"sort_by": "-taxonomy_match.confidence"}, [2, 0, 3, 6, 5, 1, 4]),
        ({"sort_by": "taxonomy_match.confidence:asc"}, [5, 0, 3, 6, 2, 1, 4]),
        ({"sort": '{"field": "number", "direction": "desc"}'}, [6, 5, 4, 3, 2, 1, 0]),
        ({"sort": "metadata.number:desc"}, [6, 5, 4, 3, 2, 1, 0]),
        ({"sort": "created_at:desc"}, [6, 5, 4, 3, 2, 1, 0]),
        ({"sort": "no_such_field"}, [0, 1, 2, 3, 4, 5, 6]),
    ],
)
async def test_cursors_walk_a_sorted_list_once_through_ties_and_nulls(
    client: httpx.AsyncClient, stack: Stack, sort: dict[str, str], expected: list[int]
) -> None:
    await documents(client, stack)
    found: list[int] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = await ok(client, "GET", DOCUMENTS, params={"limit": 2, **sort, **cursor})
        found += numbers(page)
        if page["pagination"]["next_cursor"] is None:
            break
        cursor = {"cursor": page["pagination"]["next_cursor"]}
    assert found == expected


async def test_pages_by_number_and_offset(client: httpx.AsyncClient, stack: Stack) -> None:
    await documents(client, stack)
    page = await ok(client, "GET", DOCUMENTS, params={"page": 2, "page_size": 3, "include_total": True})
    assert numbers(page) == [3, 4, 5]
    pagination = page["pagination"]
    assert (pagination["next_page"], pagination["previous_page"], pagination["total"]) == ("3", "1", 7)
    assert page["total_documents"] == 7
    page = await ok(client, "GET", DOCUMENTS, params={"offset": 5})
    assert numbers(page) == [5, 6]
    assert page["pagination"]["next_cursor"] is None
    assert page["pagination"]["total"] is None


async def test_ten_a_page_unless_asked(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    for _ in range(11):
        await stack.process((await upload(client))["object_id"])
    assert len((await ok(client, "GET", DOCUMENTS))["results"]) == 10


@pytest.mark.parametrize("options", [{"content": b""}, {"json": {}}, {"json": {"limit": 100, "filters": None}}])
async def test_the_body_of_a_list_is_optional(client: httpx.AsyncClient, stack: Stack, options: Any) -> None:
    await documents(client, stack)
    headers = {"content-type": "application/json"}
    response = await client.post(f"{DOCUMENTS}/list", headers=headers, **options)
    assert numbers(response.json()) == [0, 1, 2, 3, 4, 5, 6]


async def test_the_body_of_a_list_beats_its_query(client: httpx.AsyncClient, stack: Stack) -> None:
    await documents(client, stack)
    page = await ok(client, "POST", f"{DOCUMENTS}/list?limit=5&sort_by=number", {"limit": 1, "sort": "-number"})
    assert numbers(page) == [6]


@pytest.mark.parametrize(
    "filters",
    [
        {"field": "taxonomy_match.confidence", "operator": "gte", "value": 0.9},
        {"AND": [{"field": "taxonomy_match.confidence", "operator": "gte", "value": 0.9}], "case_sensitive": False},
        {"must": [{"key": "taxonomy_match.confidence", "match": {"operator": "gte", "value": 0.9}}]},
        {"metadata.number": 2},
        {"number": {"$in": [2]}},
    ],
)
async def test_filters_in_every_dialect(client: httpx.AsyncClient, stack: Stack, filters: Any) -> None:
    await documents(client, stack)
    assert numbers(await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": filters})) == [2]


async def test_search_finds_text_in_fields(client: httpx.AsyncClient, stack: Stack) -> None:
    await set_up(client)
    for label in ("Red Shoes", "100% wool", "Red Boots"):
        await stack.process((await upload(client))["object_id"], fields={"product_label": label})
    page = await ok(client, "GET", DOCUMENTS, params={"search": "shoes"})
    assert [document["product_label"] for document in page["results"]] == ["Red Shoes"]
    page = await ok(client, "GET", DOCUMENTS, params={"search": "0%"})
    assert [document["product_label"] for document in page["results"]] == ["100% wool"]


async def test_a_cursor_of_another_sort_is_refused(client: httpx.AsyncClient, stack: Stack) -> None:
    await documents(client, stack)
    page = await ok(client, "GET", DOCUMENTS, params={"limit": 1})
    cursor = page["pagination"]["next_cursor"]
    await refused(client, 422, "GET", f"{DOCUMENTS}?sort=number&cursor={cursor}")


async def test_vectors_are_lists_when_asked_for(client: httpx.AsyncClient, stack: Stack) -> None:
    ids = await documents(client, stack)
    document = await ok(client, "GET", f"{DOCUMENTS}/{ids[0]}?return_vectors=true")
    assert document["image_extractor_v1_embedding"] == [1.0, 0.0, 0.0, 0.0]
    assert "image_extractor_v1_embedding" not in await ok(client, "GET", f"{DOCUMENTS}/{ids[0]}")


async def test_a_deleted_document_is_gone_from_list_and_index(client: httpx.AsyncClient, stack: Stack) -> None:
    ids = await documents(client, stack)
    assert (await ok(client, "DELETE", f"{DOCUMENTS}/{ids[0]}"))["success"] is True
    assert stack.surroundings.index.refreshed == [ids[0]]
    assert numbers(await ok(client, "GET", DOCUMENTS)) == [1, 2, 3, 4, 5, 6]


async def test_counts_and_distinct_values(client: httpx.AsyncClient, stack: Stack) -> None:
    await documents(client, stack)
    path = "/v1/collections/products_unified/documents"
    assert (await ok(client, "GET", f"{path}/count"))["count"] == 7
    matched = {"field": "taxonomy_match.matched", "value": True}
    assert (await ok(client, "POST", f"{path}/count", {"filters": matched}))["count"] == 4
    distinct = await ok(client, "POST", f"{path}/distinct", {"field": "taxonomy_match.confidence"})
    assert distinct["values"][0] == {"value": 0.5, "count": 3}
    assert distinct["total_distinct"] == 3
