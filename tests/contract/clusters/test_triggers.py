"""The older form of triggers: the same ones, of clusters alone."""

from typing import Any

import httpx
import pytest

from tests.support.gateway.rest import ok, refused, set_up
from tests.support.tutorial.option_a import SLOT

pytestmark = pytest.mark.asyncio(loop_scope="session")
TRIGGERS = "/v1/clusters/triggers"
HOURLY = {"trigger_type": "interval", "schedule_config": {"interval_seconds": 3600, "start_immediately": True}}
KMEANS = {"collection_ids": ["products_unified"], "config": {"algorithm": "kmeans", "n_clusters": 3}}


async def clustered(client: httpx.AsyncClient) -> dict[str, Any]:
    """A cluster of the tutorial's collection."""
    await set_up(client)
    config = {"feature_uris": [SLOT], "clustering_method": "hdbscan", "hdbscan_parameters": {"min_cluster_size": 7}}
    body = {"cluster_name": "found", "collection_ids": ["products_unified"], "vector_config": config}
    cluster: dict[str, Any] = await ok(client, "POST", "/v1/clusters", body)
    return cluster


async def test_a_trigger_of_a_cluster_is_the_same_in_both_forms(client: httpx.AsyncClient) -> None:
    cluster = await clustered(client)
    trigger = await ok(client, "POST", TRIGGERS, {**HOURLY, "cluster_id": "found", "description": "hourly"})
    assert trigger["cluster_id"] == cluster["cluster_id"]
    config = {"algorithm": "hdbscan", "min_cluster_size": 7}
    assert trigger["execution_config"]["config"].items() >= config.items()
    native = await ok(client, "GET", f"/v1/triggers/{trigger['trigger_id']}")
    assert (native["action_type"], native["description"]) == ("cluster", "hourly")
    assert native["next_scheduled_at"] == trigger["next_scheduled_at"]


async def test_a_cluster_is_made_where_none_is_named(client: httpx.AsyncClient) -> None:
    await set_up(client)
    trigger = await ok(client, "POST", TRIGGERS, {**HOURLY, "execution_config": KMEANS})
    cluster = await ok(client, "GET", f"/v1/clusters/{trigger['cluster_id']}")
    assert cluster["input_collections"] == trigger["execution_config"]["collection_ids"]
    assert trigger["execution_config"]["config"].items() >= KMEANS["config"].items()  # type: ignore[attr-defined]


async def test_neither_cluster_nor_config_is_refused_and_leaves_nothing(client: httpx.AsyncClient) -> None:
    await set_up(client)
    assert (await refused(client, 422, "POST", TRIGGERS, HOURLY))["details"]["path"] == "body.cluster_id"
    odd = {"collection_ids": ["products_unified"], "config": {"algorithm": "astrology"}}
    error = await refused(client, 422, "POST", TRIGGERS, {**HOURLY, "execution_config": odd})
    assert error["details"]["path"].startswith("body.execution_config")
    late = {**HOURLY, "schedule_config": {"interval_seconds": 0}, "execution_config": KMEANS}
    await refused(client, 422, "POST", TRIGGERS, late)
    assert (await ok(client, "GET", "/v1/clusters"))["total_count"] == 0


async def test_only_triggers_of_clusters_are_seen(client: httpx.AsyncClient) -> None:
    await clustered(client)
    own = await ok(client, "POST", TRIGGERS, {**HOURLY, "cluster_id": "found"})
    other = {"action_type": "collection_trigger", "action_config": {"collection_id": "products_unified"}}
    foreign = await ok(client, "POST", "/v1/triggers", {**HOURLY, **other})
    listed = await ok(client, "POST", f"{TRIGGERS}/list", {"cluster_id": own["cluster_id"], "status": "active"})
    assert [each["trigger_id"] for each in listed["results"]] == [own["trigger_id"]]
    assert (await ok(client, "POST", f"{TRIGGERS}/list"))["total"] == 1
    await refused(client, 404, "GET", f"{TRIGGERS}/{foreign['trigger_id']}")


async def test_paused_resumed_changed_executed_and_deleted(client: httpx.AsyncClient) -> None:
    await clustered(client)
    path = f"{TRIGGERS}/{(await ok(client, 'POST', TRIGGERS, {**HOURLY, 'cluster_id': 'found'}))['trigger_id']}"
    assert (await ok(client, "POST", f"{path}/pause"))["status"] == "paused"
    assert (await ok(client, "POST", f"{path}/resume"))["status"] == "active"
    changed = await ok(client, "PATCH", path, {"schedule_config": {"interval_seconds": 60}, "description": "often"})
    assert (changed["schedule_config"]["interval_seconds"], changed["description"]) == (60, "often")
    task = await ok(client, "POST", f"{path.replace('/clusters', '')}/execute")
    assert task["task_type"] == "engine_cluster_build"
    history = await ok(client, "POST", f"{path}/history", {"status_filter": "pending"})
    assert [(each["job_id"], each["num_clusters"]) for each in history["executions"]] == [(task["task_id"], 0)]
    assert (await ok(client, "POST", f"{path}/history", {"status_filter": "FAILED"}))["executions"] == []
    assert (await client.delete(path)).status_code == 204
    await refused(client, 404, "GET", path)
