"""Which documents and objects a write is about: what is not said is never taken for "all"."""

from typing import Any

import httpx
import pytest

from tests.contract.batches.test_batches import BATCHES
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, refused, set_up, upload

pytestmark = pytest.mark.asyncio(loop_scope="session")

COLLECTION = "/v1/collections/products_unified"
TASKS = "SELECT kind, inputs FROM tasks WHERE namespace_id = $1 ORDER BY created_at"
LABEL = {"product_label": "x"}
LEAF = {"field": "number", "operator": "eq", "value": 1}
EMPTY: list[Any] = [
    {},
    [],
    {"AND": []},
    {"NOT": []},
    {"AND": {}},
    {"must": []},
    {"must_not": []},
    {"AND": None},
    {"case_sensitive": False},
    {"AND": [LEAF], "NOT": []},
    {"AND": [LEAF, {}]},
    {"OR": [LEAF, {"AND": []}]},
    {"OR": [LEAF, None]},
    {"NOT": [{"OR": []}]},
    {"field": "number", "operator": "nin", "value": []},
    {"number": {}},
]
UNREAD: list[Any] = [
    {**LEAF, "AND": [LEAF]},
    {"field": "number", "operater": "ne", "value": 1},
    {"key": "number", "match": {"value": 1, "operater": "ne"}},
    {"and": [LEAF]},
    {"or": []},
    {"$or": []},
    {"Must": [{"key": "number", "match": {"value": 1}}]},
]
FILTERED = [
    ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL}, "filters"),
    ("POST", f"{DOCUMENTS}/batch", {"update_data": LABEL}, "filters"),
    ("DELETE", f"{DOCUMENTS}/batch", {}, "filters"),
    ("POST", BATCHES, {}, "filters"),
    ("POST", f"{BATCHES}/bulk-submit", {}, "filters"),
    ("POST", f"{COLLECTION}/trigger", {}, "source_filters"),
]


async def filled(client: httpx.AsyncClient) -> list[str]:
    await set_up(client)
    return [(await ok(client, "POST", DOCUMENTS, {"number": number}))["document_id"] for number in range(3)]


async def numbers_left(client: httpx.AsyncClient, label: Any) -> int:
    filters = {"field": "product_label", "operator": "eq", "value": label}
    return int((await ok(client, "POST", f"{DOCUMENTS}/count", {"filters": filters}))["count"])


@pytest.mark.parametrize(("method", "path", "body", "key"), FILTERED)
async def test_what_is_empty_or_unread_selects_nothing_to_write_to(
    client: httpx.AsyncClient, stack: Stack, method: str, path: str, body: dict[str, Any], key: str
) -> None:
    await filled(client)
    for filters in [*EMPTY, *UNREAD]:
        error = await refused(client, 422, method, path, {**body, key: filters})
        assert error["details"]["path"].startswith(f"body.{key}"), (filters, error)
    assert await stack.gateway.pool.fetch(TASKS, stack.namespace_id) == []
    assert await numbers_left(client, None) == 3


@pytest.mark.parametrize("filters", [{"OR": []}, {"should": []}, {"number": []}, {"number": {"$in": []}}])
async def test_an_empty_or_and_an_empty_list_of_values_select_nothing(
    client: httpx.AsyncClient, filters: dict[str, Any]
) -> None:
    await filled(client)
    body = {"filters": filters, "update_data": LABEL}
    assert (await ok(client, "POST", f"{DOCUMENTS}/batch", body))["updated_count"] == 0
    assert (await ok(client, "POST", f"{DOCUMENTS}/count", {"filters": filters}))["count"] == 0
    assert (await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": filters}))["results"] == []
    nested = {"AND": [LEAF, filters]}
    assert (await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": nested}))["results"] == []
    either = {"OR": [LEAF, filters]}
    assert len((await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": either}))["results"]) == 1
    assert len((await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": {"NOT": [filters]}}))["results"]) == 3


async def test_a_batch_of_an_empty_or_has_no_objects(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await upload(client)
    assert (await ok(client, "POST", BATCHES, {"filters": {"OR": []}}))["object_ids"] == []
    assert len((await ok(client, "POST", BATCHES, {"all": True}))["object_ids"]) == 1


async def test_an_empty_group_in_a_list_is_everything(client: httpx.AsyncClient) -> None:
    await filled(client)
    everything: list[Any] = [{}, {"AND": []}, {"NOT": []}, None]
    for filters in everything:
        assert len((await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": filters}))["results"]) == 3


async def test_a_bulk_change_is_of_the_documents_named(client: httpx.AsyncClient, stack: Stack) -> None:
    ids = await filled(client)
    body = {"document_ids": ids[:1], "update_data": LABEL}
    assert (await ok(client, "PATCH", f"{DOCUMENTS}/bulk", body))["status"] == "PENDING"
    (task,) = await stack.gateway.pool.fetch(TASKS, stack.namespace_id)
    assert ids[0] in task["inputs"]["filters"]
    assert '"operator":"in"' in task["inputs"]["filters"]
    assert (await ok(client, "POST", f"{DOCUMENTS}/batch", body))["updated_count"] == 1
    assert await numbers_left(client, None) == 2


async def test_a_document_that_is_named_and_does_not_exist_is_said(client: httpx.AsyncClient) -> None:
    ids = await filled(client)
    body = {"document_ids": [ids[0], "doc_nope"], "update_data": LABEL}
    error = await refused(client, 404, "PATCH", f"{DOCUMENTS}/bulk", body)
    assert (error["details"]["id"], error["details"]["path"]) == ("doc_nope", "body.document_ids.1")
    answer = await ok(client, "POST", f"{DOCUMENTS}/batch", body)
    assert [each["success"] for each in answer["results"]] == [True, False]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "document_ids": []}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "document_ids": None}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "all": False}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "all": "yes"}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "all": True, "filters": LEAF}),
        ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": LABEL, "document_ids": ["doc_1"], "filters": LEAF}),
        ("POST", f"{DOCUMENTS}/batch", {"update_data": LABEL}),
        ("POST", f"{DOCUMENTS}/batch", {"updates": []}),
        ("POST", f"{DOCUMENTS}/batch", {"update_data": LABEL, "document_ids": []}),
        ("POST", f"{DOCUMENTS}/batch", {"updates": [{"document_id": "d", "update_data": LABEL}], "filters": LEAF}),
        ("DELETE", f"{DOCUMENTS}/batch", {}),
        ("DELETE", f"{DOCUMENTS}/batch", {"document_ids": []}),
        ("DELETE", f"{DOCUMENTS}/batch", {"document_ids": ["doc_1"], "all": True}),
        ("POST", BATCHES, {}),
        ("POST", BATCHES, {"object_ids": []}),
        ("POST", BATCHES, {"all": True, "collection_ids": []}),
        ("POST", f"{BATCHES}/bulk-submit", {"collection_ids": []}),
        ("POST", f"{COLLECTION}/trigger", {"object_ids": []}),
        ("POST", f"{COLLECTION}/trigger", {"include_buckets": []}),
        ("POST", f"{COLLECTION}/trigger", {"include_collections": []}),
        ("POST", f"{OBJECTS}/bulk-soft-delete", {"object_ids": [], "reason": "x"}),
        ("POST", "/v1/annotations/bulk", {}),
        ("POST", "/v1/annotations/bulk", {"create": [], "update": [], "delete": []}),
    ],
)
async def test_a_selection_says_one_thing(
    client: httpx.AsyncClient, stack: Stack, method: str, path: str, body: dict[str, Any]
) -> None:
    await filled(client)
    await refused(client, 422, method, path, body)
    assert await stack.gateway.pool.fetch(TASKS, stack.namespace_id) == []


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"update_data": LABEL}), ("DELETE", {})])
async def test_all_is_said_in_so_many_words(
    client: httpx.AsyncClient, stack: Stack, method: str, body: dict[str, Any]
) -> None:
    await filled(client)
    await ok(client, method, f"{DOCUMENTS}/{'bulk' if method == 'PATCH' else 'batch'}", {**body, "all": True})
    (task,) = await stack.gateway.pool.fetch(TASKS, stack.namespace_id)
    assert task["inputs"]["filters"] == '{"AND":[]}'


async def test_an_object_that_a_trigger_names_must_exist(client: httpx.AsyncClient) -> None:
    await set_up(client)
    error = await refused(client, 404, "POST", f"{COLLECTION}/trigger", {"object_ids": ["obj_nope"]})
    assert error["details"]["id"] == "obj_nope"
    made = (await upload(client))["object_id"]
    response = await client.post(f"{COLLECTION}/trigger", json={"object_ids": [made]})
    assert response.status_code == 202, response.text


async def test_what_a_rule_is_about_is_not_left_empty(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    mine = collection["collection_id"]
    source = {"type": "bucket", "bucket_ids": ["products_unified"]}
    empty: list[Any] = [{}, {"filters": {}}, {"AND": []}, {"filters": {"NOT": []}}]
    for filters in empty:
        body = {"collection_name": "narrow", "source": {**source, "source_filters": filters}}
        error = await refused(client, 422, "POST", "/v1/collections", body)
        assert error["details"]["path"].startswith("body.source.source_filters")
    for filters in ({}, {"AND": []}):
        application = {"taxonomy_id": "tax_x", "scroll_filters": filters}
        await refused(client, 422, "PATCH", f"/v1/collections/{mine}", {"taxonomy_applications": [application]})
        for action, config in (
            ("collection_trigger", {"collection_id": mine, "source_filters": filters}),
            ("collection_trigger", {"collection_id": mine, "include_buckets": []}),
        ):
            body = {
                "action_type": action,
                "action_config": config,
                "trigger_type": "interval",
                "schedule_config": {"interval_seconds": 60},
            }
            await refused(client, 422, "POST", "/v1/triggers", body)
