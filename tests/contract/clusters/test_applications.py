"""What a cluster does to its collections and their documents."""

from typing import Any

import httpx
import pytest

from services.common.database.clusters.cluster_runs import CLUSTER_ENRICHMENT
from tests.support.clusters.cluster_run_rows import completed_run
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, set_up, upload
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER

pytestmark = pytest.mark.asyncio(loop_scope="session")
COLLECTION = "/v1/collections/products_unified"
Json = dict[str, Any]


async def applied(client: httpx.AsyncClient) -> list[Json]:
    found: list[Json] = (await ok(client, "GET", COLLECTION))["cluster_applications"]
    return found


async def test_a_cluster_that_runs_by_itself_is_applied_to_its_collections(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "PATCH", COLLECTION, {"cluster_applications": [{"cluster_id": "clust_1"}]})
    automatic = {"auto_execute_on_batch": True, "auto_execute_min_documents": 7, "auto_execute_cooldown_seconds": 60}
    cluster = await ok(client, "POST", "/v1/clusters", {**CLUSTER, **automatic})
    first, second = await applied(client)
    assert first["cluster_id"] == "clust_1"
    assert (second["cluster_id"], second["min_document_threshold"]) == (cluster["cluster_id"], 7)
    assert (second["cooldown_seconds"], second["auto_execute_on_batch"]) == (60, True)
    await ok(client, "PATCH", COLLECTION, {"cluster_applications": await applied(client)})
    assert await applied(client) == [first, second]
    await ok(client, "DELETE", f"/v1/clusters/{cluster['cluster_id']}")
    assert await applied(client) == [first]


async def test_a_cluster_that_does_not_is_applied_to_nothing(client: httpx.AsyncClient) -> None:
    await set_up(client)
    await ok(client, "POST", "/v1/clusters", CLUSTER)
    assert not await applied(client)


@pytest.mark.parametrize("enriches", [True, False])
async def test_renaming_a_group_reaches_documents_that_the_run_enriched(
    stack: Stack, client: httpx.AsyncClient, enriches: bool
) -> None:
    await set_up(client)
    cluster = await ok(client, "POST", "/v1/clusters", {**CLUSTER, "enrich_source_collection": enriches})
    ids = [await stack.process((await upload(client))["object_id"]) for _ in range(2)]
    run = await completed_run(stack.gateway.pool, cluster["cluster_id"], ids)
    path = f"/v1/clusters/{run.cluster_id}/executions/{run.run_id}/labels"
    await ok(client, "PATCH", path, {"labels": {"cl_0": "Sandals"}})
    tasks = await stack.gateway.pool.fetch(
        "SELECT inputs FROM tasks WHERE namespace_id = $1 AND kind = $2", stack.namespace_id, CLUSTER_ENRICHMENT
    )
    assert [row["inputs"] for row in tasks] == [{"run_id": run.run_id}] * enriches
