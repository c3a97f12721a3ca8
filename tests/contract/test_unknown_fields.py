"""A filter on a field that nothing has is answered, and the answer says so."""

from typing import Any

import httpx
import pytest

from tests.contract.batches.test_batches import BATCHES
from tests.contract.clusters.test_clusters import CLUSTERS, body
from tests.contract.triggers.test_triggers import TRIGGERS, form
from tests.support.gateway.rest import DOCUMENTS, OBJECTS, ok, set_up, upload
from tests.support.tutorial.option_a import COLLECTION, RETRIEVER

pytestmark = pytest.mark.asyncio(loop_scope="session")

SLIP = {"field": "product_lable", "operator": "eq", "value": "x"}
LACKING = {"field": "colour", "operator": "exists", "value": False}
KNOWN: list[Any] = [
    {"field": "product_label", "operator": "eq", "value": "nobody"},
    {"field": "metadata.product_label", "operator": "exists", "value": False},
    {"field": "number", "operator": "eq", "value": 99},
    {"field": "metadata.number", "operator": "eq", "value": 99},
    {"field": "nested.deep", "operator": "eq", "value": 99},
    {"field": "taxonomy_match.confidence", "operator": "gt", "value": 2},
    {"field": "_internal.labels.product_label.source", "operator": "eq", "value": "x"},
    {"field": "document_id", "operator": "eq", "value": "x"},
    {"field": "created_at", "operator": "lt", "value": "2020-01-01T00:00:00Z"},
]
QUESTIONS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", f"{DOCUMENTS}/list", {}),
    ("POST", "/v1/documents/list", {"collection_ids": ["products_unified"]}),
    ("POST", "/v1/documents/list", {}),
    ("POST", f"{DOCUMENTS}/count", {}),
    ("POST", f"{DOCUMENTS}/distinct", {"field": "number"}),
    ("POST", f"{DOCUMENTS}/aggregate", {"aggregations": [{"function": "count", "alias": "n"}]}),
    ("POST", f"{DOCUMENTS}/batch", {"update_data": {"product_label": "x"}}),
    ("DELETE", f"{DOCUMENTS}/batch", {}),
    ("PATCH", f"{DOCUMENTS}/bulk", {"update_data": {"product_label": "x"}}),
]


async def filled(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", DOCUMENTS, {"number": 1, "nested": {"deep": 1}, "empty": None})


def told(answer: dict[str, Any]) -> str:
    return str(answer.get("warnings") or "")


@pytest.mark.parametrize(("method", "path", "body"), QUESTIONS)
async def test_a_field_that_nothing_has_is_named(
    client: httpx.AsyncClient, method: str, path: str, body: dict[str, Any]
) -> None:
    await filled(client)
    answer = await ok(client, method, path, {**body, "filters": SLIP})
    assert "product_lable" in told(answer)
    assert "Did you mean 'product_label'?" in told(answer)
    assert "colour" in told(await ok(client, method, path, {**body, "filters": LACKING}))


async def test_a_field_that_something_has_is_not(client: httpx.AsyncClient) -> None:
    await filled(client)
    for filters in KNOWN:
        for path in ("list", "count"):
            assert told(await ok(client, "POST", f"{DOCUMENTS}/{path}", {"filters": filters})) == "", filters


async def test_a_list_that_finds_something_is_not_looked_into(client: httpx.AsyncClient) -> None:
    await filled(client)
    either = {"OR": [SLIP, {"field": "number", "operator": "eq", "value": 1}]}
    answer = await ok(client, "POST", f"{DOCUMENTS}/list", {"filters": either})
    assert (len(answer["results"]), told(answer)) == (1, "")
    assert told(await ok(client, "GET", DOCUMENTS)) == ""


async def test_objects_and_batches_name_it_too(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await upload(client)
    for filters in (SLIP, LACKING):
        for method, path in (("POST", f"{OBJECTS}/list"), ("POST", BATCHES), ("POST", f"{BATCHES}/bulk-submit")):
            answer = await ok(client, method, path, {"filters": filters})
            assert answer["warnings"][0]["id"] == filters["field"]
            assert answer["warnings"][0]["next_step"]
    known = {"field": "product_label", "operator": "eq", "value": "nobody"}
    assert (await ok(client, "POST", f"{OBJECTS}/list", {"filters": known}))["warnings"] == []


async def test_what_filters_later_says_so_when_it_is_made_and_run(client: httpx.AsyncClient) -> None:
    await filled(client)
    cluster = await ok(client, "POST", CLUSTERS, {**body(), "filters": SLIP})
    one = f"{CLUSTERS}/{cluster['cluster_id']}"
    answers = [
        cluster,
        await ok(client, "PATCH", one, {"filters": SLIP}),
        await ok(client, "POST", f"{one}/execute", {"filters": SLIP}),
        await ok(client, "POST", "/v1/collections", {**COLLECTION, "collection_name": "few", "source": filtered(SLIP)}),
    ]
    for answer in answers:
        assert "product_lable" in told(answer)
    known = {"field": "product_label", "operator": "exists", "value": True}
    right = {**COLLECTION, "collection_name": "some", "source": filtered(known)}
    for path, asked in ((CLUSTERS, {**body(), "filters": known}), ("/v1/collections", right)):
        assert "filter" not in told(await ok(client, "POST", path, asked))


def filtered(filters: dict[str, Any]) -> dict[str, Any]:
    return {**COLLECTION["source"], "source_filters": {"filters": filters}}


@pytest.mark.parametrize(
    ("action", "config", "key"),
    [
        ("collection_trigger", {"collection_id": "products_unified"}, "source_filters"),
        ("retriever_execution", {"retriever_id": "products_unified_classifier"}, "filters"),
    ],
)
async def test_a_trigger_whose_filter_asks_for_nothing_says_so(
    client: httpx.AsyncClient, action: str, config: dict[str, Any], key: str
) -> None:
    await filled(client)
    for filters, slips in ((SLIP, ["product_lable"]), (KNOWN[0], [])):
        made = await ok(client, "POST", TRIGGERS, form(action_type=action, action_config={**config, key: filters}))
        assert [each["id"] for each in made["warnings"]] == slips


async def test_a_collection_that_is_triggered_by_a_slip_says_so(client: httpx.AsyncClient) -> None:
    await filled(client)
    response = await client.post("/v1/collections/products_unified/trigger", json={"source_filters": SLIP})
    assert response.status_code == 202
    assert "Did you mean 'product_label'?" in told(response.json())


async def test_a_retriever_whose_filter_asks_for_nothing_says_so(client: httpx.AsyncClient) -> None:
    await filled(client)
    stage = {"stage_id": "attribute_filter", "parameters": {"conditions": {"AND": [SLIP]}}}
    asked = {**RETRIEVER, "retriever_name": "slipped", "stages": [{"config": stage}]}
    made = await ok(client, "POST", "/v1/retrievers", asked)
    assert [each["id"] for each in made["warnings"]] == ["product_lable"]
    assert "product_lable" in told(await ok(client, "GET", "/v1/retrievers/slipped"))
    mended = await ok(client, "PATCH", "/v1/retrievers/slipped", {"stages": RETRIEVER["stages"]})
    assert "product_lable" not in told(mended)
