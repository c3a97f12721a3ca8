"""Clusters over REST: made, shown, changed, executed, deleted; bad ones are refused by the name of the fault."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER
from tests.support.tutorial.option_a import COLLECTION, SLOT

pytestmark = pytest.mark.asyncio(loop_scope="session")
CLUSTERS, ONE = "/v1/clusters", "/v1/clusters/product-discovery"
KMEANS = {"clustering_method": "kmeans"}


def body(**vectors: Any) -> dict[str, Any]:
    """The least request, with these in its vector_config."""
    return {"collection_ids": ["products_unified"], "vector_config": {**KMEANS, **vectors}}


async def test_the_tutorials_request_is_taken_word_for_word(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    made = await ok(client, "POST", CLUSTERS, CLUSTER)
    assert made["cluster_id"].startswith("clust_")
    assert made["input_collections"] == [collection["collection_id"]]
    assert (made["cluster_type"], made["algorithm"], made["feature_uris"]) == ("vector", "hdbscan", [SLOT])
    assert made["algorithm_params"] == {"min_cluster_size": 5}
    assert made["preprocessing_steps"] == [{"method": "umap", "n_components": 2}]
    assert (made["vis_n_components"], made["status"], made["num_clusters"]) == (2, "PENDING", None)
    mappings = made["llm_labeling"]["labeling_inputs"]["input_mappings"]
    assert mappings == [{"input_key": "product_label", "source_type": "payload", "path": "product_label"}]
    for identifier in (made["cluster_id"], "product-discovery", "clust_product-discovery"):
        assert await ok(client, "GET", f"{CLUSTERS}/{identifier}") == made
    listed = await ok(client, "GET", f"{CLUSTERS}?search=discovery")
    assert (listed["total_count"], listed["results"]) == (1, [made])
    by_status = {"filters": {"field": "status", "operator": "eq", "value": "COMPLETED"}}
    assert (await ok(client, "POST", f"{CLUSTERS}/list", by_status))["results"] == []


async def test_older_spellings_and_the_least_request_are_taken(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    old = {
        "source_collection_ids": [collection["collection_id"], "col_products_unified"],
        "vector_config": {"feature_addresses": [SLOT], "algorithm": "kmeans", "algorithm_config": {"n_clusters": 4}},
    }
    made = await ok(client, "POST", CLUSTERS, old)
    assert (made["input_collections"], made["algorithm_params"]) == ([collection["collection_id"]], {"n_clusters": 4})
    least = await ok(client, "POST", CLUSTERS, body())
    assert (least["feature_uris"], least["cluster_name"] != made["cluster_name"]) == ([SLOT], True)
    described = body(feature_extractor_name="image_extractor", version="v1", output_name="google_siglip_base_v1")
    assert (await ok(client, "POST", CLUSTERS, described))["feature_uris"] == [SLOT]


async def test_attributes_need_no_vectors(client: httpx.AsyncClient) -> None:
    await set_up(client)
    config = {"attributes": ["product_label", "_internal.labels.x"], "hierarchical_grouping": True}
    request = {"collection_ids": ["products_unified"], "cluster_type": "attribute", "attribute_config": config}
    made = await ok(client, "POST", CLUSTERS, request)
    assert (made["algorithm"], made["feature_uris"]) == ("attribute_based", None)
    assert (made["clustered_attributes"], made["hierarchical_grouping"]) == (config["attributes"], True)
    error = await refused(client, 422, "PATCH", f"{CLUSTERS}/{made['cluster_id']}", {"sample_size": 5})
    assert error["details"]["path"] == "body.sample_size"


WRONG = [
    (body(feature_uris=["mixpeek://image_extractor@v1/other"]), "body.vector_config.feature_uris.0"),
    (body(feature_uri="mixpeek://image_extractor@v1/other"), "body.vector_config.feature_uri"),
    (body(feature_extractor_name="text_extractor"), "body.vector_config.feature_uris"),
    (body(feature_uris=[]), "body.vector_config.feature_uris"),
    (body(clustering_method="leiden"), "body.vector_config.clustering_method"),
    (body(clustering_method="evoc"), "body.vector_config.clustering_method"),
    (body(clustering_method="attribute_based"), "body.vector_config.clustering_method"),
    (body(kmeans_parameters={"n_clusters": 1}), "body.vector_config.kmeans_parameters.n_clusters"),
    (body(hdbscan_parameters={"min_cluster_size": 5}), "body.vector_config.hdbscan_parameters"),
    (body(algorithm_params={"n_clusters": "many"}), "body.vector_config.algorithm_params"),
    (body(feature_weights={"mixpeek://x@v1/y": 1}), "body.vector_config.feature_weights"),
    (body(feature_weights={SLOT: 0}), "body.vector_config.feature_weights"),
    (body(hierarchical=True), "body.vector_config.hierarchical"),
    (body(vis_n_components=4), "body.vector_config.vis_n_components"),
    (body() | {"collection_ids": []}, "body.collection_ids"),
    (body() | {"collection_ids": "products_unified"}, "body.collection_ids"),
    (body() | {"source_cluster_ids": ["clust_a"]}, "body.source_cluster_ids"),
    (body() | {"attribute_config": {"attributes": ["a"]}}, "body"),
    (body() | {"cluster_type": "attribute"}, "body"),
    ({"collection_ids": ["products_unified"]}, "body"),
    (body() | {"filters": {"field": "a", "operator": "like"}}, "body.filters.operator"),
    (body() | {"llm_labeling": {"input_mappings": []}}, "body.llm_labeling.labeling_inputs.input_mappings"),
    (body() | {"dimension_reduction": {"n_components": 1}}, "body.dimension_reduction.n_components"),
]


async def test_what_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    await set_up(client)
    found = [(await refused(client, 422, "POST", CLUSTERS, request))["details"]["path"] for request, _ in WRONG]
    assert found == [path for _, path in WRONG]


async def test_unknown_collections_and_taken_names_are_refused(client: httpx.AsyncClient) -> None:
    await set_up(client)
    error = await refused(client, 404, "POST", CLUSTERS, CLUSTER | {"collection_ids": ["products_unified", "nowhere"]})
    assert (error["details"]["resource"], error["details"]["id"]) == ("collection", "nowhere")
    await ok(client, "POST", CLUSTERS, CLUSTER)
    await refused(client, 409, "POST", CLUSTERS, CLUSTER)


async def test_vectors_of_different_models_do_not_meet(stack: Stack, client: httpx.AsyncClient) -> None:
    await set_up(client)
    other = await ok(client, "POST", "/v1/collections", COLLECTION | {"collection_name": "other_model"})
    await stack.gateway.pool.execute(
        "UPDATE collections SET model = 'google_siglip_base_v1' WHERE collection_id = $1", other["collection_id"]
    )
    request = body() | {"collection_ids": ["products_unified", "other_model"]}
    error = await refused(client, 422, "POST", CLUSTERS, request)
    assert error["details"]["path"] == "body.collection_ids"
    assert "google_siglip_base_v1" in error["message"]


async def test_a_change_keeps_the_rest_and_null_takes_away(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", CLUSTERS, CLUSTER | {"metadata": {"team": "a"}})
    condition = {"field": "product_label", "operator": "exists", "value": False}
    change = {"description": "d", "metadata": {"x": 1}, "filters": condition, "algorithm_params": {"min_samples": 2}}
    changed = await ok(client, "PATCH", ONE, change)
    assert changed["vector_config"]["algorithm_params"] == {"min_samples": 2}
    shown = await ok(client, "GET", ONE)
    assert shown["metadata"] == {"team": "a", "x": 1}
    assert (shown["filters"], shown["description"]) == ({"AND": [condition]}, "d")
    await ok(client, "PATCH", ONE, {"filters": None, "llm_labeling": None, "description": None})
    shown = await ok(client, "GET", ONE)
    assert (shown["filters"], shown["llm_labeling"], shown["description"]) == (None, None, None)
    assert shown["algorithm_params"] == {"min_samples": 2}
    error = await refused(client, 422, "PATCH", ONE, {"algorithm_params": {"min_cluster_size": 1}})
    assert error["details"]["path"] == "body.algorithm_params"


async def test_an_execution_is_a_task_with_a_run(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", CLUSTERS, CLUSTER)
    task = await ok(client, "POST", f"{ONE}/execute")
    assert (task["task_type"], task["status"]) == ("engine_cluster_build", "PENDING")
    run = await ok(client, "GET", f"{ONE}/executions")
    assert (run["run_id"], run["task_id"], run["mode"]) == (task["inputs"][0]["run_id"], task["task_id"], "full")
    shown = await ok(client, "GET", ONE)
    assert (shown["last_run_id"], shown["last_execution_task_id"]) == (run["run_id"], task["task_id"])
    for wrong in ({"mode": "composite"}, {"mode": "assign"}, {"sample_size": 0}, {"assignment_threshold": 2}):
        await refused(client, 422, "POST", f"{ONE}/execute", wrong)
    options = {"filters": {"field": "a", "operator": "eq", "value": 1}, "sample_size": 5, "vis_n_components": 3}
    await ok(client, "POST", f"{ONE}/execute", options)


async def test_groups_that_are_still_to_come_name_the_task_to_wait_for(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", CLUSTERS, CLUSTER)
    assert "POST /v1/clusters/" in (await refused(client, 404, "GET", f"{ONE}/groups"))["message"]
    task = await ok(client, "POST", f"{ONE}/execute")
    assert (
        f"is pending and has no groups; see its task '{task['task_id']}'"
        in (await refused(client, 404, "GET", f"{ONE}/groups"))["message"]
    )


async def test_a_deleted_cluster_takes_its_runs_along_and_stops_those_that_go_on(
    stack: Stack, client: httpx.AsyncClient
) -> None:
    await set_up(client)
    cluster_id = (await ok(client, "POST", CLUSTERS, CLUSTER))["cluster_id"]
    task = await ok(client, "POST", f"{ONE}/execute")
    deleted = await ok(client, "DELETE", ONE)
    assert deleted["canceled_runs"] == [task["inputs"][0]["run_id"]]
    assert (await ok(client, "GET", f"/v1/tasks/{task['task_id']}"))["status"] == "CANCELED"
    await refused(client, 404, "GET", ONE)
    query = "SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq"
    events = [row["event_type"] for row in await stack.gateway.pool.fetch(query, cluster_id)]
    assert events == ["cluster.created", "cluster.deleted"]


async def test_a_deleted_cluster_names_who_rests_on_it(client: httpx.AsyncClient) -> None:
    collection = await set_up(client)
    cluster_id = (await ok(client, "POST", CLUSTERS, CLUSTER))["cluster_id"]
    path = f"/v1/collections/{collection['collection_id']}"
    await ok(client, "PATCH", path, {"cluster_applications": [{"cluster_id": cluster_id}]})
    schedule = {"trigger_type": "interval", "schedule_config": {"interval_seconds": 3600}}
    action = {"action_type": "cluster", "action_config": {"cluster_id": cluster_id}}
    trigger = await ok(client, "POST", "/v1/triggers", {**schedule, **action})
    deleted = await ok(client, "DELETE", f"{CLUSTERS}/{cluster_id}")
    assert {each["id"] for each in deleted["warnings"]} == {collection["collection_id"], trigger["trigger_id"]}


async def test_a_list_of_an_unknown_namespace_is_empty_and_says_so(stack: Stack) -> None:
    async with stack.client("nowhere") as client:
        listed = await ok(client, "POST", f"{CLUSTERS}/list")
    assert (listed["results"], listed["warnings"][0]["reason"]) == ([], "unresolved")
