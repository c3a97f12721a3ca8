"""Runs of clusters, from the documents in the database to groups and members."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.worker.clusters import (
    DIMENSIONS,
    KMEANS,
    add_cluster,
    add_documents,
    blobs,
    events,
    groups,
    members,
    run_to_end,
)
from tests.integration.worker.conftest import Bench

HDBSCAN = {"clustering_method": "hdbscan", "algorithm_params": {"min_cluster_size": 3}}


@pytest.fixture
async def working(bench: Bench) -> AsyncIterator[Bench]:
    """A bench whose worker works."""
    async with bench.services(), bench.worker():
        yield bench


async def test_a_run_groups_like_documents_and_writes_every_one_of_them_down(working: Bench) -> None:
    ids = await add_documents(working, list(blobs(30)))
    cluster_id = await add_cluster(working, KMEANS)
    run = await run_to_end(working, cluster_id)
    assert (run["status"], run["task_status"], run["error_message"]) == ("completed", "COMPLETED", None)
    assert (run["num_clusters"], run["num_points"], run["source_documents"]) == (3, 30, 30)
    found = await members(working, run["run_id"])
    assert found.keys() == set(ids)
    assert len({(found[each], place % 3) for place, each in enumerate(ids)}) == 3
    stored = await groups(working, run["run_id"])
    assert [(row["group_id"], row["member_count"]) for row in stored] == [("cl_0", 10), ("cl_1", 10), ("cl_2", 10)]
    assert all(len(row["centroids"][0]) == 4 * DIMENSIONS for row in stored)
    assert all(row["label"] and row["label_source"] for row in stored)
    assert await events(working, cluster_id) == ["cluster.execution.started", "cluster.execution.completed"]
    cluster = await working.pool.fetchrow("SELECT * FROM clusters WHERE cluster_id = $1", cluster_id)
    assert cluster is not None
    assert (cluster["status"], cluster["num_clusters"], cluster["last_run_id"]) == ("COMPLETED", 3, run["run_id"])
