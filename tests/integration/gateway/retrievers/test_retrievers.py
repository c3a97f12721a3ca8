"""Retrievers through the gateway, with the real services behind it; every answer is read by the client's classes."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from services.common.database.api_keys import create_key
from services.common.database.pool import prepare_connection
from services.common.grpc.client import open_channel
from services.common.settings import Settings
from services.gateway.app import build_app
from services.gateway.main import open_gateway
from services.worker.kit.task import Task
from services.worker.tasks.evaluate_retriever import Evaluations
from tests.integration.taxonomy.processes import Services, running
from tests.integration.taxonomy.world import World, at
from tests.support.gateway.mixpeek_client import parses
from tests.support.gateway.openapi import conforms
from tests.support.gateway.rest import ok, refused
from tests.support.postgres import Databases
from tests.support.tutorial.option_a import SLOT

JsonObject = dict[str, Any]
BY_VECTOR = {
    "searches": [{"feature_uri": SLOT, "query": {"input_mode": "vector", "value": "{{INPUT.v}}"}, "top_k": 50}]
}


def stage(stage_id: str, **parameters: Any) -> JsonObject:
    return {"stage_name": stage_id, "config": {"stage_id": stage_id, "parameters": parameters}}


SEARCH = stage("feature_search", **BY_VECTOR, final_top_k=50)


@pytest.fixture(scope="module")
def services(databases: Databases) -> Iterator[Services]:
    name = databases.create()
    with tempfile.TemporaryDirectory(prefix="lkgr") as folder:
        services = Services(database_url=databases.url(name), folder=Path(folder))
        with running(services, ["extractor", "index", "taxonomy"]):
            yield services
    databases.drop(name)


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    async with (
        asyncpg.create_pool(services.database_url, min_size=1, max_size=2, init=prepare_connection) as pool,
        open_channel(services.address("taxonomy")) as taxonomy,
        open_channel(services.address("index")) as index,
    ):
        yield await World(pool, taxonomy, index).create()


@pytest.fixture
async def client(services: Services, world: World) -> AsyncIterator[httpx.AsyncClient]:
    addresses = {f"{name}_address": services.address(name) for name in ("extractor", "index", "taxonomy")}
    settings = Settings(database_url=services.database_url, data_dir=services.folder / "data").model_copy(
        update=addresses
    )
    async with open_gateway(settings) as gateway:
        _, key = await create_key(gateway.pool, world.namespace_id)
        headers = {"Authorization": f"Bearer {key}", "X-Namespace": world.namespace_id}
        hooks = {"response": [conforms, parses]}
        transport = httpx.ASGITransport(app=build_app(gateway))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers, event_hooks=hooks
        ) as client:
            yield client


async def shelf(world: World) -> list[str]:
    """Six documents at 0, 10, 20 ... degrees, shoes and hats in turn."""
    collection_id = await world.collection()
    return [
        await world.document(collection_id, at(10 * n), f"label {n}", kind=("shoe", "hat")[n % 2], rank=n)
        for n in range(6)
    ]


async def retriever(client: httpx.AsyncClient, *stages: JsonObject, **more: Any) -> str:
    body = {
        "retriever_name": "finder",
        "collection_identifiers": ["products"],
        "stages": list(stages or [SEARCH]),
        **more,
    }
    return str((await ok(client, "POST", "/v1/retrievers", body))["retriever_id"])


def ids(execution: JsonObject) -> list[str]:
    return [document["document_id"] for document in execution["documents"]]


EXECUTE = "/v1/retrievers/finder/execute"
INPUTS = {"inputs": {"v": at(0)}}


async def test_every_way_to_page_ends_with_every_document_once(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    await retriever(client)
    for method in ("offset", "cursor", "scroll", "keyset"):
        pages: JsonObject = {"method": method, **({"page_size": 4} if method == "offset" else {"limit": 4})}
        first = await ok(client, "POST", EXECUTE, {**INPUTS, "pagination": pages})
        answered = first["pagination"]
        assert (ids(first), answered["has_next"], answered["total"]) == (documents[:4], True, 6)
        follow = {
            "offset": {"page_number": 2},
            "cursor": {"cursor": answered["next_cursor"]},
            "scroll": {"scroll_id": answered.get("scroll_id")},
            "keyset": {"after": answered.get("after")},
        }
        second = await ok(client, "POST", EXECUTE, {**INPUTS, "pagination": {**pages, **follow[method]}})
        assert (ids(second), second["pagination"]["has_next"]) == (documents[4:], False)


def only(**condition: Any) -> JsonObject:
    return stage("attribute_filter", conditions={"AND": [condition]})


async def test_a_filter_on_a_field_that_nothing_has_says_so(client: httpx.AsyncClient, world: World) -> None:
    await shelf(world)
    slip: JsonObject = {"field": "kinds", "operator": "eq", "value": "shoe"}
    await retriever(client, only(**slip), SEARCH)
    adhoc = {"stages": [only(**slip)], "collection_identifiers": ["products"]}
    answers = [
        await ok(client, "POST", EXECUTE, INPUTS),
        await ok(client, "POST", "/v1/retrievers/execute", adhoc),
        await ok(client, "POST", "/v1/retrievers/execute", {"stages": [only(**slip)]}),
        await ok(client, "POST", "/v1/retrievers/execute", {"stages": [SEARCH], "filters": slip, **INPUTS}),
    ]
    for answer in answers:
        assert answer["documents"] == []
        assert ["'kinds'" in each for each in answer["warnings"]] == [True]
    batch = await ok(client, "POST", f"{EXECUTE}/batch", {"queries": [INPUTS]})
    assert "kinds" in batch["results"][0]["execution"]["warnings"][0]


@pytest.mark.parametrize(
    "stages",
    [
        [only(field="kind", operator="eq", value="boat")],
        [only(field="kind", operator="exists", value=True), SEARCH],
        [SEARCH, only(field="score", operator="gt", value=2)],
        [SEARCH, stage("json_transform", template='{"made": 1}'), only(field="made", operator="eq", value=2)],
        [SEARCH, stage("score_normalize", output_field="scaled"), only(field="scaled", operator="gt", value=2)],
    ],
)
async def test_fields_of_documents_and_of_stages_are_known(
    client: httpx.AsyncClient, world: World, stages: list[JsonObject]
) -> None:
    await shelf(world)
    assert (await ok(client, "POST", "/v1/retrievers/execute", {"stages": stages, **INPUTS}))["warnings"] == []


async def test_a_cursor_goes_on_where_it_stood_although_something_better_came(
    client: httpx.AsyncClient, world: World
) -> None:
    documents = await shelf(world)
    await retriever(client)
    pages: JsonObject = {"method": "cursor", "limit": 3}
    first = await ok(client, "POST", EXECUTE, {"inputs": {"v": at(5)}, "pagination": pages})
    collection_id = await world.pool.fetchval(
        "SELECT collection_id FROM documents WHERE document_id = $1", documents[0]
    )
    await world.document(collection_id, at(5), "better")
    pages["cursor"] = first["pagination"]["next_cursor"]
    second = await ok(client, "POST", EXECUTE, {"inputs": {"v": at(5)}, "pagination": pages})
    assert sorted(ids(first) + ids(second)) == sorted(documents)
    bad = {"method": "cursor", "cursor": "bm90IG91cnM"}
    error = await refused(client, 422, "POST", EXECUTE, {**INPUTS, "pagination": bad})
    assert error["details"]["path"] == "body.pagination.cursor"


async def test_stages_say_how_many_results_a_page_has_and_limits_must_agree(
    client: httpx.AsyncClient, world: World
) -> None:
    documents = await shelf(world)
    await retriever(client, SEARCH, stage("limit", limit=2))
    assert ids(await ok(client, "POST", EXECUTE, INPUTS)) == documents[:2]
    await refused(client, 422, "POST", EXECUTE, {**INPUTS, "limit": 3, "page_size": 4})
    both = await ok(client, "POST", EXECUTE, {**INPUTS, "limit": 2, "pagination": {"page_size": 1}})
    assert ids(both) == documents[:1]
    assert "pagination" in both["warnings"][0]


async def test_fields_of_stages_facets_and_aggregations_are_answered(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    search = stage("feature_search", **BY_VECTOR, facets=[{"key": "kind"}])
    await retriever(client, search, stage("group_by", group_by_field="kind"))
    body = {
        **INPUTS,
        "explain": True,
        "return_vectors": True,
        "filters": {"field": "rank", "operator": "gt", "value": 0},
    }
    answer = await ok(client, "POST", f"{EXECUTE}?include_legacy_results=true", body)
    assert ids(answer) == documents[1:3]
    assert answer["documents"][0]["group_count"] == 3
    assert answer["documents"][0]["image_extractor_v1_embedding"]
    assert answer["results"] == answer["documents"]
    assert answer["facets"][0]["values"][0] == {"value": "hat", "count": 3}
    assert [each["stage_name"] for each in answer["explain_plan"]["stages"]] == ["feature_search", "group_by"]
    counted = [stage("aggregate", aggregations=[{"function": "count", "alias": "n"}], group_by=["kind"])]
    adhoc = await ok(
        client, "POST", "/v1/retrievers/execute", {"collection_identifiers": ["products"], "stages": counted}
    )
    assert adhoc["aggregations"] == [{"kind": "shoe", "n": 3}, {"kind": "hat", "n": 3}]


async def test_a_document_made_anew_shows_nothing_else(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    await retriever(client, SEARCH, stage("json_transform", template='{"what": {{ DOC.kind | tojson }}}'))
    first = (await ok(client, "POST", EXECUTE, INPUTS))["documents"][0]
    assert first == {
        "what": "shoe",
        "document_id": documents[0],
        "collection_id": first["collection_id"],
        "score": first["score"],
    }


async def test_executions_are_remembered_with_a_retriever_and_without(client: httpx.AsyncClient, world: World) -> None:
    await shelf(world)
    retriever_id = await retriever(client)
    for _ in range(3):
        await ok(client, "POST", EXECUTE, {"inputs": {"v": at(0), "query": "red shoes"}})
    await refused(client, 422, "POST", EXECUTE, {"inputs": {"v": "x", "image": "A" * 5000}})
    listed = await ok(client, "POST", f"/v1/retrievers/{retriever_id}/executions/list")
    assert [each["status"] for each in listed["results"]] == ["failed", "completed", "completed", "completed"]
    assert listed["pagination"]["total"] == 4
    assert listed["results"][1]["query_summary"] == "red shoes"
    failed = listed["results"][0]["execution_id"]
    detail = await ok(client, "GET", f"/v1/retrievers/finder/executions/{failed}")
    assert "list of numbers" in detail["error"]
    assert len(detail["inputs"]["image"]) < 300
    page = await ok(client, "GET", "/v1/retrievers/finder/executions?limit=2&sort=duration_ms:desc")
    assert (len(page["results"]), page["pagination"]["has_next"]) == (2, True)
    done = await ok(client, "POST", "/v1/retrievers/finder/executions/list", {"status": "completed"})
    assert done["pagination"]["total"] == 3
    status = await ok(client, "GET", f"/v1/retrievers/finder/executions/{done['results'][0]['execution_id']}/status")
    assert (status["status"], status["stages_completed"]) == ("completed", 1)
    adhoc = {"collection_identifiers": ["products"], "stages": [SEARCH], **INPUTS}
    execution = await ok(client, "POST", "/v1/retrievers/execute", adhoc)
    found = await ok(client, "GET", f"/v1/retrievers/executions/{execution['execution_id']}")
    assert (found["execution_mode"], found["total_returned"]) == ("adhoc", 6)
    assert (await ok(client, "POST", "/v1/retrievers/executions/list"))["total"] == 1
    await refused(client, 404, "GET", f"/v1/retrievers/finder/executions/{execution['execution_id']}")


async def test_the_history_tells_how_a_retriever_does(client: httpx.AsyncClient, world: World) -> None:
    await shelf(world)
    await retriever(client)
    before = await ok(client, "POST", f"{EXECUTE}/explain", {})
    assert (before["executions_observed"], before["execution_plan"][0]["estimated_input"]) == (0, 6)
    await ok(client, "POST", EXECUTE, INPUTS)
    after = await ok(client, "POST", f"{EXECUTE}/explain", {})
    assert after["execution_plan"][0]["estimated_output"] == 6
    assert after["bottleneck_stages"] == ["feature_search"]
    base = "/v1/analytics/retrievers/finder"
    stages = await ok(client, "GET", f"{base}/stages")
    assert [(each["stage_name"], each["execution_count"]) for each in stages["stages"]] == [("feature_search", 1)]
    assert (await ok(client, "GET", f"{base}/performance"))["summary"]["execution_count"] == 1
    assert len(await ok(client, "GET", f"{base}/slow-queries")) == 1
    await refused(client, 422, "GET", f"{base}/performance?start_date=2030-01-01&end_date=2020-01-01")


async def test_a_batch_answers_each_query_by_itself(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    await retriever(client)
    queries = [{"inputs": {"v": at(0)}}, {"inputs": {"v": "x"}}, {"inputs": {"v": at(50)}, "filters": {"rank": 5}}]
    batch = await ok(client, "POST", f"{EXECUTE}/batch", {"queries": queries, "settings": {"limit": 1}})
    assert (batch["succeeded"], batch["failed"]) == (2, 1)
    assert [ids(each) for each in batch["results"]] == [documents[:1], [], documents[5:]]
    await refused(client, 422, "POST", f"{EXECUTE}/batch", {"queries": queries * 6})


async def test_a_stream_is_one_answer_in_events(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    await retriever(client)
    client.event_hooks = {"response": [conforms]}  # the client's classes cannot read events
    response = await client.post(EXECUTE, json={**INPUTS, "stream": True})
    assert response.headers["content-type"].startswith("text/event-stream")
    kinds = [line for line in response.text.splitlines() if line.startswith("event:")]
    assert kinds == ["event: stage_complete", "event: execution_complete"]
    assert documents[0] in response.text


async def test_text_is_refused_where_the_model_reads_none(client: httpx.AsyncClient, world: World) -> None:
    await shelf(world)
    shorthand = {"type": "feature_search", "feature_extractor": {"type": "text"}, "query": "red shoes", "limit": 5}
    error = await refused(client, 422, "POST", "/v1/retrievers/execute", {"stages": [shorthand]})
    assert (error["code"], error["details"]["path"]) == ("TEXT_NOT_SUPPORTED", "body.stages.0.config.parameters.query")
    assert "efficientnet_lite2" in error["message"]


async def test_one_search_without_a_retriever(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    body: JsonObject = {"collection_identifiers": ["products"], "query": {"input_mode": "vector", "vector": at(0)}}
    found = await ok(client, "POST", "/v1/features/search", {**body, "feature_uri": SLOT, "top_k": 2})
    assert ids(found) == documents[:2]
    hats = await ok(client, "POST", "/v1/features/search", {**body, "filters": {"field": "kind", "value": "hat"}})
    assert ids(hats) == documents[1::2]
    await refused(client, 422, "POST", "/v1/features/search", {**body, "query": {"input_mode": "text"}})
    braces = {"query": {"text": "{{ 9 ** 9 }}"}}
    error = await refused(client, 422, "POST", "/v1/features/search", {**body, **braces})
    assert error["code"] == "TEXT_NOT_SUPPORTED"


async def test_suggestions_while_somebody_types(client: httpx.AsyncClient, world: World) -> None:
    await shelf(world)
    found = await ok(client, "GET", "/v1/retrievers/typeahead?q=HA&fields=kind,other")
    assert found["values"] == [{"field": "kind", "value": "hat", "count": 3}]
    assert (await ok(client, "GET", "/v1/retrievers/typeahead?q=prod"))["collections"][0][
        "collection_name"
    ] == "products"
    assert (await ok(client, "GET", "/v1/retrievers/typeahead?q=%25"))["suggestions"] == []


async def test_a_retriever_is_cloned_with_changes_and_keeps_its_settings(
    client: httpx.AsyncClient, world: World
) -> None:
    schema = {"query": "text", "k": {"type": "integer", "default": 2}}
    limits = {"max_time_ms": 100}
    first = await retriever(client, input_schema=schema, tags=["a"], budget_limits=limits, metadata={"m": 1})
    cloned = await ok(client, "POST", "/v1/retrievers/finder/clone", {"retriever_name": "twin", "tags": ["b"]})
    twin = cloned["retriever"]
    assert cloned["source_retriever_id"] == first != twin["retriever_id"]
    assert (twin["tags"], twin["budget_limits"], twin["metadata"]) == (["b"], limits, {"m": 1})
    assert twin["input_schema"]["query"] == {"type": "text"}
    await refused(client, 409, "POST", "/v1/retrievers/finder/clone", {"retriever_name": "twin"})
    error = await refused(client, 422, "PATCH", "/v1/retrievers/twin", {"input_schema": {"x": {"type": "smell"}}})
    assert error["details"]["path"] == "body.input_schema.x.type"


async def test_inputs_have_defaults_and_may_be_required(client: httpx.AsyncClient, world: World) -> None:
    documents = await shelf(world)
    schema = {"k": {"type": "integer", "default": 2}, "v": {"type": "array", "required": True}}
    await retriever(client, SEARCH, stage("limit", limit="{{INPUT.k}}"), input_schema=schema)
    assert ids(await ok(client, "POST", EXECUTE, INPUTS)) == documents[:2]
    error = await refused(client, 422, "POST", EXECUTE, {})
    assert error["details"]["path"] == "body.inputs.v"


async def test_results_become_documents_of_another_collection_and_human_labels_stay(
    client: httpx.AsyncClient, world: World
) -> None:
    await shelf(world)
    target = await world.collection("kept")
    await retriever(client, SEARCH, stage("limit", limit=2), stage("unwind", field="kind", output_field="sort"))
    body = {**INPUTS, "target_collection_id": "kept"}
    written = (await ok(client, "POST", EXECUTE, body))["written_to"]
    assert written == {"collection_id": target, "documents_written": 2, "documents_skipped": 0}
    (copy, _) = (await ok(client, "GET", "/v1/collections/kept/documents"))["results"]
    assert copy["sort"] == "shoe"
    await world.relabel(copy["document_id"], "what a person said")
    await ok(client, "POST", EXECUTE, body)
    again = (await ok(client, "GET", f"/v1/collections/kept/documents/{copy['document_id']}"))["product_label"]
    assert again == "what a person said"
    search = {"collection_identifiers": ["kept"], "query": {"vector": at(0)}, "top_k": 1}
    assert ids(await ok(client, "POST", "/v1/features/search", search)) == [copy["document_id"]]


async def test_the_catalogue_lists_what_runs_and_nothing_else(client: httpx.AsyncClient, world: World) -> None:
    listed = await ok(client, "GET", "/v1/retrievers/stages")
    assert {"feature_search", "mmr", "cluster", "json_transform"} < {each["stage_id"] for each in listed}
    for each in listed:
        body = {
            "retriever_name": f"try {each['stage_id']}",
            "stages": [{"stage_id": each["stage_id"], "parameters": {}}],
        }
        response = await client.post("/v1/retrievers", json=body)
        assert response.status_code in (200, 422), response.text
        assert "not a stage" not in response.text
    error = await refused(
        client, 422, "POST", "/v1/retrievers", {"retriever_name": "x", "stages": [stage("llm_filter")]}
    )
    assert (error["code"], error["details"]["path"]) == ("STAGE_NOT_SUPPORTED", "body.stages.0.config.stage_id")
    assert "language model" in error["message"]


async def test_a_retriever_is_evaluated_against_known_answers(
    client: httpx.AsyncClient, world: World, services: Services
) -> None:
    documents = await shelf(world)
    await retriever(client)
    queries = [
        {
            "query_id": "first",
            "query_input": {"v": at(0)},
            "relevant_documents": documents[:2],
            "expected_label": "label 0",
        },
        {
            "query_id": "wrong",
            "query_input": {"v": at(50)},
            "relevant_documents": [documents[0]],
            "expected_label": None,
        },
        {"query_id": "broken", "query_input": {"v": "x"}, "relevant_documents": []},
    ]
    base = "/v1/retrievers/evaluations/datasets"
    dataset = await ok(client, "POST", base, {"dataset_name": "truth", "queries": queries})
    await refused(client, 409, "POST", base, {"dataset_name": "truth", "queries": queries})
    assert (await ok(client, "GET", base))["total"] == 1
    assert (await ok(client, "GET", f"{base}/truth"))["dataset_id"] == dataset["dataset_id"]
    config = {"k_values": [1, 2], "label_field": "product_label"}
    body = {"dataset_name": "truth", "evaluation_config": config}
    response = await client.post("/v1/retrievers/finder/evaluations", json=body)
    assert response.status_code == 202
    started = response.json()
    path = f"/v1/retrievers/finder/evaluations/{started['evaluation_id']}"
    assert (await ok(client, "GET", path))["status"] == "pending"
    await evaluate(world, started["task_id"])
    found = await ok(client, "GET", path)
    assert (found["status"], found["evaluated_queries"], found["skipped_queries"]) == ("completed", 2, 1)
    assert found["metrics_by_k"]["1"] == dict.fromkeys(found["metrics_by_k"]["1"], 0.5) | {
        "recall": 0.25,
        "f1": pytest.approx(1 / 3, abs=1e-5),
        "f2": pytest.approx(0.277778, abs=1e-5),
    }
    assert found["overall_metrics"]["label_accuracy"] == 0.5
    assert found["overall_metrics"]["false_positive_rate"] == 0.5
    assert "list of numbers" in found["query_results"][2]["error"]
    assert (await ok(client, "GET", "/v1/retrievers/finder/evaluations?status=completed"))["total"] == 1
    await refused(client, 404, "POST", "/v1/retrievers/finder/evaluations", {"dataset_name": "lies"})


async def evaluate(world: World, task_id: str) -> None:
    """Runs the task as a worker would."""
    row = await world.pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", task_id)
    assert row is not None
    task = Task(
        pool=world.pool,
        task_id=task_id,
        namespace_id=row["namespace_id"],
        inputs=row["inputs"],
        additional_data=row["additional_data"],
    )
    done = await Evaluations(world.channels[0], 30).run(task)
    assert done.had_errors


NUL = "a\0b"
DEEP: Any = 1
for _ in range(200):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": {NUL: NUL, "v": at(0)}},
        {"inputs": {"v": [1e400, 0, 0]}},
        {"inputs": {"v": DEEP}},
        {"inputs": []},
        {"filters": {"field": NUL, "value": 1}},
        {"filters": {"field": "x", "value": NUL}},
        {"filters": {"field": "x", "value": "{{INPUT.v}}"}},
        {"filters": DEEP},
        {"expand": [NUL]},
        {"target_collection_id": NUL},
        {"pagination": {"method": "offset", "page_number": 10**30}},
        {"pagination": {"method": "offset", "page_number": 100_000, "page_size": 500}},
        {"pagination": {"method": "keyset", "after": {"id": "x", "offset": 10**30}}},
        {"collection_identifiers": [NUL]},
        {"collection_identifiers": ["x"] * 200},
        {"stages": [{**SEARCH, "stage_name": NUL}]},
        {"stages": [stage("document_enrich", target_collection_id=NUL)]},
        {"stages": [stage("sort_attribute", field="a." * 300)]},
        {"stages": [stage("feature_search", searches=[], facets=["a" * 600])]},
        {"stages": [stage("attribute_filter", conditions={"AND": DEEP})]},
        {"stages": [stage("limit", limit="{{ 9 ** 9 ** 9 }}")]},
        {"stages": [stage("json_transform", template="{% for i in range(10**9) %}x{% endfor %}")]},
        {"stages": [stage("unwind", field="x")] * 21},
        {"stages": [SEARCH], "inputs": {"v": "{{INPUT.v}}"}},
        {"stages": [{"stage_id": "limit", "parameters": {"limit": 5}}], "description": 1},
    ],
)
async def test_what_is_hostile_is_refused_or_harmless(
    client: httpx.AsyncClient, world: World, change: JsonObject
) -> None:
    await shelf(world)
    body = {"collection_identifiers": ["products"], "stages": [SEARCH], **INPUTS, **change}
    response = await client.post("/v1/retrievers/execute", content=json.dumps(body))
    assert response.status_code in (200, 400, 404, 422), response.text
    if response.status_code == 422:
        assert response.json()["error"]["details"]["path"]


@pytest.mark.parametrize(
    "path",
    [
        "typeahead?q=%00",
        "typeahead?q=a&fields=%00",
        "%00",
        "%00/executions",
        "executions/%00",
        "evaluations/datasets/%00",
    ],
)
async def test_paths_with_what_cannot_be_stored_are_refused(client: httpx.AsyncClient, world: World, path: str) -> None:
    response = await client.get(f"/v1/retrievers/{path}")
    assert response.status_code in (404, 422), response.text
