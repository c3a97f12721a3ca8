"""The groups of a cluster run become the nodes of a taxonomy."""

from typing import Any

import httpx
import numpy as np
import pytest

from services.common.ids import new_id
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused, set_up, upload
from tests.support.tutorial.option_a import SLOT

pytestmark = pytest.mark.asyncio(loop_scope="session")
FROM_DOCUMENTS = "/v1/taxonomies/from-documents"
VECTORS = ([3, 0, 0, 0], [0, 0.5, 0, 0])
Json = dict[str, Any]


async def a_run(
    stack: Stack, client: httpx.AsyncClient, *, status: str = "completed", uris: tuple[str, ...] = (SLOT,)
) -> Json:
    """A run with two groups and noise over the tutorial's collection, as a worker would have written it."""
    collection = await set_up(client)
    document_id = await stack.process((await upload(client))["object_id"])
    pool, cluster_id, run_id = stack.gateway.pool, new_id("clust"), new_id("run")
    await pool.execute(
        """INSERT INTO clusters (cluster_id, namespace_id, cluster_name, cluster_type, collection_ids, feature_uris,
             config) VALUES ($1, $2, 'finds', 'vector', $3, $4, '{}')""",
        *(cluster_id, stack.namespace_id, [collection["collection_id"]], list(uris)),
    )
    await pool.execute(
        """INSERT INTO cluster_runs (run_id, namespace_id, cluster_id, base_run_id, status, algorithm, feature_uris,
             models, label_overrides) VALUES ($1, $2, $3, $1, $4, 'kmeans', $5, $6, '{"cl_1": "boots"}')""",
        *(run_id, stack.namespace_id, cluster_id, status, list(uris), {SLOT: "efficientnet_lite2"}),
    )
    representatives = [{"document_id": document_id, "collection_id": collection["collection_id"]}]
    for number, label in ((0, "sandals"), (1, "Cluster 1"), (-1, None)):
        centroids = [np.array(VECTORS[number], "<f4").tobytes()] if number >= 0 and uris else []
        await pool.execute(
            """INSERT INTO cluster_groups (run_id, number, group_id, label, member_count, centroids, representatives)
               VALUES ($1, $2, $3, $4, $5, $6, $7)""",
            *(run_id, number, f"cl_{number}" if number >= 0 else "-1", label, 5 - number, centroids, representatives),
        )
    return {"cluster_id": cluster_id, "run_id": run_id}


async def nodes_of(client: httpx.AsyncClient, created: Json) -> list[Json]:
    path = f"/v1/collections/{created['node_collection_id']}/documents"
    found: list[Json] = (await ok(client, "GET", path))["results"]
    return found


async def test_each_group_is_a_node_under_the_name_it_has_now(stack: Stack, client: httpx.AsyncClient) -> None:
    run = await a_run(stack, client)
    created = await ok(client, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": run})
    assert [(each["node_label"], each["cluster_id"], each["member_count"]) for each in created["nodes"]] == [
        ("sandals", "cl_0", 5),
        ("boots", "cl_1", 4),
    ]
    assert (created["documents_used"], created["vector_dimensions"], created["taxonomy_created"]) == (9, 4, True)
    found = await nodes_of(client, created)
    assert {each["label"] for each in found} == {"sandals", "boots"}
    assert {each["metadata"]["promotion"]["run_id"] for each in found} == {run["run_id"]}
    ids = [each["node_document_id"] for each in created["nodes"]]
    assert set(ids) <= set(stack.surroundings.index.refreshed)
    stored = await stack.gateway.pool.fetch("SELECT vector FROM embeddings WHERE document_id = ANY($1)", ids)
    assert {tuple(np.frombuffer(row["vector"], "<f2")) for row in stored} == {(1, 0, 0, 0), (0, 1, 0, 0)}


async def test_a_cluster_is_named_too_and_its_groups_are_chosen(stack: Stack, client: httpx.AsyncClient) -> None:
    run = await a_run(stack, client)
    chosen = {**run, "cluster_id": "finds", "group_ids": ["cl_1"]}
    created = await ok(client, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": chosen})
    assert [each["node_label"] for each in created["nodes"]] == ["boots"]
    rest = {"cluster_run": {**run, "group_ids": ["cl_0"]}, "node_fields": {"season": "summer"}}
    added = await ok(client, "POST", "/v1/taxonomies/found/nodes/from-documents", rest)
    assert (added["node_label"], added["taxonomy_created"]) == ("sandals", False)
    seasons = {each["label"]: each.get("season") for each in await nodes_of(client, created)}
    assert seasons == {"boots": None, "sandals": "summer"}


async def test_groups_without_centroids_go_by_their_documents(stack: Stack, client: httpx.AsyncClient) -> None:
    run = await a_run(stack, client, uris=())
    created = await ok(client, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": run})
    assert (len(created["nodes"]), created["vector_dimensions"]) == (2, 4)


@pytest.mark.parametrize(
    ("change", "status", "path"),
    [
        ({"cluster_run": {"cluster_id": "nowhere"}}, 404, None),
        ({"cluster_run": {"run_id": "run_nowhere"}}, 404, None),
        ({"cluster_run": {"group_ids": ["cl_7"]}}, 404, None),
        ({"cluster_run": {"group_ids": ["-1"]}}, 404, None),
        ({"cluster_run": {"group_ids": []}}, 422, "body.cluster_run.group_ids"),
        ({"cluster_run": {"run_id": ""}}, 422, "body.cluster_run.run_id"),
        ({"cluster_run": {"run_id": None}}, 422, "body.cluster_run.run_id"),
        ({"cluster_run": {"run_id": "a\0b"}}, 422, None),
        ({"vector_name": "other"}, 422, "body.vector_name"),
        ({"documents": [{"collection_id": "a", "document_id": "b"}]}, 422, "body.cluster_run"),
    ],
)
async def test_what_cannot_be_promoted_is_refused_whole(
    stack: Stack, client: httpx.AsyncClient, change: Json, status: int, path: str | None
) -> None:
    run = await a_run(stack, client)
    body = {"taxonomy_name": "found", **change, "cluster_run": {**run, **change.get("cluster_run", {})}}
    error = await refused(client, status, "POST", FROM_DOCUMENTS, body)
    assert path in (None, error["details"].get("path"))
    assert (await ok(client, "GET", "/v1/collections"))["total_count"] == 1
    assert (await ok(client, "GET", "/v1/taxonomies"))["total_count"] == 1


@pytest.mark.parametrize("status", ["pending", "processing", "failed", "canceled"])
async def test_only_a_completed_run_is_promoted(stack: Stack, client: httpx.AsyncClient, status: str) -> None:
    run = await a_run(stack, client, status=status)
    error = await refused(client, 422, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": run})
    assert status in error["message"]


async def test_a_run_of_another_namespace_is_none(stack: Stack, client: httpx.AsyncClient) -> None:
    run = await a_run(stack, client)
    other = new_id("ns")
    await stack.gateway.pool.execute("INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1)", other)
    async with stack.client(other) as stranger:
        await refused(stranger, 404, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": run})


async def test_a_taxonomy_whose_name_is_taken_is_refused_by_that_name(stack: Stack, client: httpx.AsyncClient) -> None:
    body = {"taxonomy_name": "found", "cluster_run": await a_run(stack, client)}
    await ok(client, "POST", FROM_DOCUMENTS, body)
    error = await refused(client, 409, "POST", FROM_DOCUMENTS, body)
    assert error["message"] == "A taxonomy named 'found' exists already."


async def test_a_taxonomy_of_another_model_takes_no_groups(stack: Stack, client: httpx.AsyncClient) -> None:
    run = await a_run(stack, client)
    await ok(client, "POST", FROM_DOCUMENTS, {"taxonomy_name": "found", "cluster_run": run})
    await stack.gateway.pool.execute(
        "UPDATE cluster_runs SET models = $2 WHERE run_id = $1", run["run_id"], {SLOT: "new"}
    )
    error = await refused(client, 422, "POST", "/v1/taxonomies/found/nodes/from-documents", {"cluster_run": run})
    assert error["details"]["path"] == "body.cluster_run"
