"""Executions of clusters over REST: read, list, name, label, cancel, export."""

import csv
import io

import httpx
import pytest
import pytest_asyncio

from tests.support.clusters.cluster_run_rows import Clustered, completed_run, open_run
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import OBJECTS, ok, refused, set_up, upload
from tests.support.tutorial.clusters_alerts_webhooks import CLUSTER

pytestmark = pytest.mark.asyncio(loop_scope="session")
FORMULA = "=HYPERLINK(1)"


async def documents(stack: Stack, client: httpx.AsyncClient, count: int) -> list[str]:
    return [await stack.process((await upload(client))["object_id"]) for _ in range(count)]


@pytest_asyncio.fixture(loop_scope="session")
async def done(stack: Stack, client: httpx.AsyncClient) -> Clustered:
    """A run of three documents whose first group has a name like a formula."""
    await set_up(client)
    cluster = await ok(client, "POST", "/v1/clusters", CLUSTER)
    ids = await documents(stack, client, 3)
    return await completed_run(stack.gateway.pool, cluster["cluster_id"], ids, FORMULA)


def path_of(done: Clustered, rest: str = "") -> str:
    return f"/v1/clusters/{done.cluster_id}/executions/{done.run_id}{rest}"


async def test_an_execution_tells_its_groups(client: httpx.AsyncClient, done: Clustered) -> None:
    latest = await ok(client, "GET", f"/v1/clusters/{CLUSTER['cluster_name']}/executions")
    named = await ok(client, "GET", path_of(done))
    assert latest == named
    assert (named["status"], named["num_clusters"], named["num_points"]) == ("completed", 2, 3)
    assert [each["cluster_id"] for each in named["centroids"]] == ["cl_0", "cl_1"]
    assert named["centroids"][0]["centroid_vector"] is None
    with_vectors = await ok(client, "GET", path_of(done, "?include_vectors=true"))
    assert with_vectors["centroids"][1]["centroid_vector"] == [0.0, 1.0, 0.0, 0.0]


async def test_a_pending_execution_has_counts_already(stack: Stack, client: httpx.AsyncClient, done: Clustered) -> None:
    run_id = await open_run(stack.gateway.pool, done.cluster_id)
    pending = await ok(client, "GET", f"/v1/clusters/{done.cluster_id}/executions")
    assert (pending["run_id"], pending["status"]) == (run_id, "pending")
    assert (pending["num_clusters"], pending["num_points"], pending["centroids"]) == (0, 0, None)
    groups = await ok(client, "GET", f"/v1/clusters/{done.cluster_id}/groups")
    assert groups["run_id"] == done.run_id


async def test_executions_are_listed_newest_first(stack: Stack, client: httpx.AsyncClient, done: Clustered) -> None:
    run_id = await open_run(stack.gateway.pool, done.cluster_id)
    path = f"/v1/clusters/{done.cluster_id}/executions/list"
    listed = await ok(client, "POST", path)
    assert [each["run_id"] for each in listed["results"]] == [run_id, done.run_id]
    assert (listed["total_count"], listed["stats"]["executions_by_status"]) == (2, {"completed": 1, "pending": 1})
    body = {"filters": {"field": "status", "operator": "eq", "value": "completed"}, "limit": 1}
    filtered = await ok(client, "POST", path, body)
    assert [each["run_id"] for each in filtered["results"]] == [done.run_id]


async def test_labels_of_people_are_shown_everywhere_and_can_be_taken_back(
    client: httpx.AsyncClient, done: Clustered
) -> None:
    changed = await ok(client, "PATCH", path_of(done, "/labels"), {"labels": {"cl_0": "Sandals"}})
    assert changed["label_overrides"] == {"cl_0": "Sandals"}
    execution = await ok(client, "GET", path_of(done))
    assert execution["label_overrides"] == {"cl_0": "Sandals"}
    assert (execution["centroids"][0]["label"], execution["centroids"][0]["label_source"]) == ("Sandals", "human")
    groups = await ok(client, "GET", f"/v1/clusters/{done.cluster_id}/groups")
    assert [(each["label"], each["member_count"]) for each in groups["groups"]] == [("Sandals", 2), ("Cluster 1", 1)]
    picture = await ok(client, "GET", f"/v1/clusters/{done.cluster_id}/visualization")
    assert {each["cluster_label"] for each in picture["members"]} == {"Sandals", "Cluster 1"}
    taken_back = await ok(client, "PATCH", path_of(done, "/labels"), {"labels": {"cl_0": ""}})
    assert taken_back["label_overrides"] == {}
    error = await refused(client, 422, "PATCH", path_of(done, "/labels"), {"labels": {"cl_9": "x"}})
    assert error["details"]["path"] == "body.labels.cl_9"


async def test_an_execution_gets_a_name(client: httpx.AsyncClient, done: Clustered) -> None:
    named = await ok(client, "PATCH", path_of(done, "/name"), {"run_name": "July"})
    assert named["run_name"] == "July"
    assert (await ok(client, "GET", path_of(done)))["run_name"] == "July"
    assert (await ok(client, "PATCH", path_of(done, "/name"), {"run_name": ""}))["run_name"] is None
    await refused(client, 422, "PATCH", path_of(done, "/name"), {"run_name": "x" * 121})


async def test_an_open_execution_is_canceled_with_its_task_and_an_ended_one_is_not(
    stack: Stack, client: httpx.AsyncClient, done: Clustered
) -> None:
    run_id = await open_run(stack.gateway.pool, done.cluster_id)
    path = f"/v1/clusters/{done.cluster_id}/executions/{run_id}"
    assert (await ok(client, "POST", f"{path}/cancel"))["status"] == "canceled"
    execution = await ok(client, "GET", path)
    assert execution["status"] == "canceled"
    assert (await ok(client, "GET", f"/v1/tasks/{execution['task_id']}"))["status"] == "CANCELED"
    assert (await ok(client, "GET", f"/v1/clusters/{done.cluster_id}"))["status"] == "CANCELED"
    error = await refused(client, 400, "POST", f"{path}/cancel")
    assert "canceled" in error["message"]
    await refused(client, 400, "POST", path_of(done, "/cancel"))


async def test_a_killed_task_cancels_its_execution(stack: Stack, client: httpx.AsyncClient, done: Clustered) -> None:
    run_id = await open_run(stack.gateway.pool, done.cluster_id)
    path = f"/v1/clusters/{done.cluster_id}/executions/{run_id}"
    await ok(client, "DELETE", f"/v1/tasks/{(await ok(client, 'GET', path))['task_id']}")
    assert (await ok(client, "GET", path))["status"] == "canceled"


async def test_an_export_as_csv_holds_every_row_and_no_formula(client: httpx.AsyncClient, done: Clustered) -> None:
    response = await client.get(path_of(done, "/export?format=csv"))
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(response.text)))
    assert [row["is_centroid"] for row in rows] == ["True", "True", "False", "False", "False"]
    assert {row["cluster_label"] for row in rows} == {f"'{FORMULA}", "Cluster 1"}
    one = await client.get(path_of(done, "/export"), params={"format": "csv", "cluster_label": "Cluster 1"})
    assert len(list(csv.DictReader(io.StringIO(one.text)))) == 2


async def test_an_export_as_json_is_what_nobody_named_otherwise(client: httpx.AsyncClient, done: Clustered) -> None:
    exported = await ok(client, "GET", path_of(done, "/export"))
    assert (exported["run_id"], len(exported["rows"])) == (done.run_id, 5)
    assert exported["rows"][0]["cluster_label"] == FORMULA
    error = await refused(client, 422, "GET", path_of(done, "/export?format=parquet"))
    assert error["details"]["path"] == "query.format"


async def test_the_picture_comes_compact_in_part_and_without_members(
    client: httpx.AsyncClient, done: Clustered
) -> None:
    path = f"/v1/clusters/{done.cluster_id}/visualization"
    compact = await ok(client, "GET", f"{path}?compact=true&run_id={done.run_id}")
    assert sorted(compact["members"]["cluster_ids"]) == ["cl_0", "cl_0", "cl_1"]
    assert (compact["members"]["x"], compact["members"]["z"], compact["dimensions"]) == ([0.5] * 3, None, 2)
    part = await ok(client, "GET", f"{path}?max_points=1")
    assert (len(part["members"]), part["total_members"], part["sampled"]) == (1, 3, True)
    bare = await ok(client, "GET", f"{path}?centroids_only=true")
    assert (bare["members"], len(bare["centroids"])) == ([], 2)


async def test_what_a_deleted_document_leaves_behind_is_called_stale(
    stack: Stack, client: httpx.AsyncClient, done: Clustered
) -> None:
    assert not (await ok(client, "GET", path_of(done)))["member_counts_stale"]
    object_id = await stack.gateway.pool.fetchval(
        "SELECT object_id FROM documents JOIN cluster_members USING (document_id) WHERE run_id = $1 LIMIT 1",
        done.run_id,
    )
    assert (await client.delete(f"{OBJECTS}/{object_id}")).is_success
    assert (await ok(client, "GET", path_of(done)))["member_counts_stale"]
    groups = await ok(client, "GET", f"/v1/clusters/{done.cluster_id}/groups")
    assert (groups["member_counts_stale"], groups["total_documents"]) == (True, 3)
    assert len((await ok(client, "GET", path_of(done, "/export")))["rows"]) == 4


async def test_nothing_to_show_is_404_and_says_what_to_do(client: httpx.AsyncClient) -> None:
    await set_up(client)
    cluster_id = (await ok(client, "POST", "/v1/clusters", CLUSTER))["cluster_id"]
    for rest in ("executions", "groups", "visualization"):
        error = await refused(client, 404, "GET", f"/v1/clusters/{cluster_id}/{rest}")
        assert "execute" in error["message"]
    await refused(client, 404, "GET", f"/v1/clusters/{cluster_id}/executions/run_none")


async def test_analytics_tell_how_executions_went(stack: Stack, client: httpx.AsyncClient, done: Clustered) -> None:
    run_id = await open_run(stack.gateway.pool, done.cluster_id)
    query = "UPDATE cluster_runs SET status = 'failed', error_message = 'no vectors' WHERE run_id = $1"
    await stack.gateway.pool.execute(query, run_id)
    path = f"/v1/analytics/clusters/{done.cluster_id}"
    history = await ok(client, "GET", f"{path}/execution-history?hours=1")
    assert [(each["execution_id"], each["status"]) for each in history["results"]] == [
        (run_id, "failed"),
        (done.run_id, "completed"),
    ]
    (failure,) = (await ok(client, "GET", f"{path}/failures"))["failures"]
    told = {name: failure[name] for name in ("execution_id", "error_message", "error_type")}
    assert told == {"execution_id": run_id, "error_message": "no vectors", "error_type": "validation"}
    query = "UPDATE cluster_runs SET error_message = 'The clustering process was killed' WHERE run_id = $1"
    await stack.gateway.pool.execute(query, run_id)
    (failure,) = (await ok(client, "GET", f"{path}/failures"))["failures"]
    assert failure["error_type"] == "internal"
