"""Runs of clusters, from the documents in the database to groups and members."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from services.common.database.tasks.create_task import request_cancel
from services.common.errors import InvalidArgumentError
from services.worker.clusters.runs import attribute_groups, attribute_values
from tests.integration.worker.bench import Bench
from tests.integration.worker.clusters.cluster_bench import (
    DIMENSIONS,
    KMEANS,
    add_cluster,
    add_documents,
    blobs,
    cancel,
    ended,
    events,
    groups,
    members,
    run_to_end,
    start,
    until,
)

HDBSCAN = {"clustering_method": "hdbscan", "algorithm_params": {"min_cluster_size": 3}}


@pytest.fixture
async def working(bench: Bench) -> AsyncIterator[Bench]:
    """A bench whose worker works."""
    async with bench.services(), bench.worker():
        yield bench


async def test_a_run_groups_like_documents_and_writes_every_one_of_them_down(working: Bench) -> None:
    ids = await add_documents(working, list(blobs(30)))
    cluster_id = await add_cluster(working, KMEANS | {"vis_n_components": None})
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
    assert all(set(found) >= {each["document_id"] for each in row["representatives"]} for row in stored)
    assert await events(working, cluster_id) == ["cluster.execution.started", "cluster.execution.completed"]
    cluster = await working.pool.fetchrow("SELECT * FROM clusters WHERE cluster_id = $1", cluster_id)
    assert cluster is not None
    assert (cluster["status"], cluster["num_clusters"], cluster["last_run_id"]) == ("COMPLETED", 3, run["run_id"])
    assert not list((working.settings.data_dir / "clustering").iterdir())


async def test_noise_is_no_group_and_vectors_that_are_missing_are_told(working: Bench) -> None:
    lonely = -np.eye(DIMENSIONS, dtype="<f2")[7]
    ids = await add_documents(working, [*blobs(24, groups=2), lonely, None])
    run = await run_to_end(working, await add_cluster(working, HDBSCAN))
    assert (run["num_clusters"], run["num_points"], run["source_documents"]) == (2, 25, 26)
    assert run["vectors_clustered"] == 24
    found = await members(working, run["run_id"])
    assert found.keys() == set(ids[:-1])
    assert found[ids[24]] == -1
    assert (await groups(working, run["run_id"]))[0]["group_id"] == "-1"
    assert "1 of 26 documents" in run["reconciliation_reasons"][0]


@pytest.mark.parametrize("count", [0, 1, 3])
async def test_few_documents_come_to_a_clear_end(working: Bench, count: int) -> None:
    ids = await add_documents(working, list(blobs(count, groups=1))) if count else []
    run = await run_to_end(working, await add_cluster(working, HDBSCAN))
    assert run["status"] == "completed", run["error_message"]
    assert run["num_points"] == count
    assert (await members(working, run["run_id"])).keys() == set(ids)
    assert run["warnings"] or count == 3
    assert run["metrics"]["degenerate"] == "all_noise"


async def test_equal_vectors_and_too_many_groups_come_to_a_clear_end(working: Bench) -> None:
    await add_documents(working, [np.eye(DIMENSIONS, dtype="<f2")[0]] * 5)
    run = await run_to_end(working, await add_cluster(working, KMEANS | {"algorithm_params": {"n_clusters": 9}}))
    assert run["status"] in ("completed", "failed")
    assert run["status"] == "completed" or run["error_message"]
    assert len(await members(working, run["run_id"])) == (5 if run["status"] == "completed" else 0)


async def test_a_feature_that_no_document_has_completes_empty_and_says_so(working: Bench) -> None:
    await add_documents(working, [None, None])
    run = await run_to_end(working, await add_cluster(working, KMEANS))
    assert (run["status"], run["num_clusters"], run["num_points"]) == ("completed", 0, 0)
    assert "every feature" in run["warnings"][0]
    assert run["reconciliation_reasons"]


async def test_vectors_of_two_models_fail_the_run_and_name_them(working: Bench) -> None:
    await add_documents(working, list(blobs(4)))
    await add_documents(working, list(blobs(4)), model="another")
    cluster_id = await add_cluster(working, KMEANS)
    run = await run_to_end(working, cluster_id)
    assert (run["status"], run["task_status"]) == ("failed", "FAILED")
    assert "another" in run["error_message"]
    assert await events(working, cluster_id) == ["cluster.execution.started", "cluster.execution.failed"]
    query = "SELECT error FROM clusters WHERE cluster_id = $1 AND status = 'FAILED'"
    assert await working.pool.fetchval(query, cluster_id) == run["error_message"]


async def test_filters_and_a_sample_size_of_the_run_beat_those_of_the_cluster(working: Bench) -> None:
    fields = [{"kind": "shoe" if place < 12 else "hat"} for place in range(18)]
    ids = await add_documents(working, list(blobs(18)), fields=fields)
    hats = {"AND": [{"field": "kind", "operator": "eq", "value": "hat"}]}
    shoes = {"AND": [{"field": "kind", "operator": "eq", "value": "shoe"}]}
    cluster_id = await add_cluster(working, KMEANS, filters=hats)
    stored = await run_to_end(working, cluster_id)
    assert (await members(working, stored["run_id"])).keys() == set(ids[12:])
    other = await run_to_end(working, cluster_id, filters=shoes, sample_size=9)
    found = await members(working, other["run_id"])
    assert (len(found), found.keys() <= set(ids[:12])) == (9, True)
    assert (other["source_documents"], list(other["reconciliation_reasons"])) == (12, [])


async def test_attributes_group_documents_without_vectors(working: Bench) -> None:
    kinds: list[dict[str, Any]] = [{"kind": "shoe", "colour": "red"}] * 3
    kinds += [{"kind": "shoe", "colour": None}, {"kind": ["hat"]}, {}]
    ids = await add_documents(working, [None] * len(kinds), fields=kinds)
    run = await run_to_end(working, await add_cluster(working, {"attributes": ["kind", "colour"]}))
    assert (run["status"], run["num_clusters"], run["num_points"]) == ("completed", 3, 6)
    found = await members(working, run["run_id"])
    assert [found[each] for each in ids] == [0, 0, 0, found[ids[3]], found[ids[4]], -1]
    labels = {row["label"]: row["member_count"] for row in await groups(working, run["run_id"])}
    assert labels == {"shoe / red": 3, "shoe / none": 1, '["hat"] / none': 1, None: 1}


async def test_more_values_than_can_make_groups_fail_the_run(working: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (attribute_groups, attribute_values):
        monkeypatch.setattr(module, "MOST_GROUPS", 3)
    await add_documents(working, [None] * 9, fields=[{"kind": str(number % 5)} for number in range(9)])
    run = await run_to_end(working, await add_cluster(working, {"attributes": ["kind"]}))
    assert run["status"] == "failed"
    assert "choose attributes with fewer values" in run["error_message"]


async def test_attributes_in_order_make_a_hierarchy(working: Bench) -> None:
    kinds = [{"kind": "shoe", "colour": colour} for colour in ("red", "red", "blue")] + [{"kind": "hat"}]
    await add_documents(working, [None] * len(kinds), fields=kinds)
    config = {"attributes": ["kind", "colour"], "hierarchical_grouping": True}
    run = await run_to_end(working, await add_cluster(working, config))
    stored = {row["group_id"]: row for row in await groups(working, run["run_id"])}
    assert {key: row["member_count"] for key, row in stored.items()} == {
        "cl_0": 3,
        "cl_0_sub_0": 2,
        "cl_0_sub_1": 1,
        "cl_1": 1,
        "cl_1_sub_0": 1,
    }
    assert stored["cl_0_sub_1"]["parent"] == stored["cl_0"]["number"]
    assert (stored["cl_0_sub_0"]["label"], stored["cl_0"]["label"]) == ("shoe / red", "shoe")
    assert run["num_clusters"] == 3


async def test_an_assign_adds_new_documents_to_the_groups_of_the_last_run(working: Bench) -> None:
    await add_documents(working, list(blobs(12)))
    cluster_id = await add_cluster(working, KMEANS)
    first = await run_to_end(working, cluster_id)
    before = await members(working, first["run_id"])
    new = await add_documents(working, [*blobs(3, seed=1), -np.eye(DIMENSIONS, dtype="<f2")[9]])
    added = await run_to_end(working, cluster_id, "assign")
    assert (added["status"], added["base_run_id"], added["error_message"]) == ("completed", first["run_id"], None)
    assert (added["num_clusters"], added["num_points"], added["vectors_clustered"]) == (3, 16, 3)
    after = await members(working, first["run_id"])
    assert {key: after[key] for key in before} == before
    assert sorted(after[key] for key in new[:3]) == [0, 1, 2]
    assert after[new[3]] == -1
    counts = {row["number"]: row["member_count"] for row in await groups(working, first["run_id"])}
    assert counts == {-1: 1, 0: 5, 1: 5, 2: 5}
    again = await run_to_end(working, cluster_id, "assign")
    assert (again["num_points"], again["vectors_retrieved"]) == (16, 0)


async def test_an_assign_to_what_has_no_groups_of_vectors_is_refused(working: Bench) -> None:
    by_attribute = await add_cluster(working, {"attributes": ["product_label"]})
    without_groups = await add_cluster(working, KMEANS)
    for cluster_id, reason in ((by_attribute, "is for clusters of vectors"), (without_groups, "found none")):
        await run_to_end(working, cluster_id)
        with pytest.raises(InvalidArgumentError, match=reason):
            await start(working, cluster_id, "assign")


async def test_a_canceled_run_leaves_nothing_and_its_process_is_gone(working: Bench) -> None:
    await add_documents(working, list(blobs(60)))
    cluster_id = await add_cluster(working, KMEANS)
    for stop in (cancel, lambda bench, started: request_cancel(bench.pool, started.task_id)):
        started = await start(working, cluster_id)
        await until(working, started, stage="starting")
        await stop(working, started)
        run = await ended(working, started.run_id)
        assert (run["status"], run["task_status"]) == ("canceled", "CANCELED")
        assert await members(working, started.run_id) == {}
        assert await groups(working, started.run_id) == []
        assert not (working.settings.data_dir / "clustering" / started.run_id).exists()
    assert "cluster.execution.completed" not in await events(working, cluster_id)


async def test_runs_that_come_together_wait_for_each_other_and_all_end(working: Bench) -> None:
    await add_documents(working, list(blobs(9)))
    cluster_id = await add_cluster(working, {"attributes": ["product_label"]})
    started = [await start(working, cluster_id) for _ in range(3)]
    runs = await asyncio.gather(*(ended(working, each.run_id) for each in started))
    assert {run["status"] for run in runs} == {"completed"}
    spans = sorted((run["started_at"], run["completed_at"]) for run in runs)
    assert all(before[1] <= after[0] for before, after in pairwise(spans))


async def test_a_deleted_cluster_stops_its_run(working: Bench) -> None:
    await add_documents(working, list(blobs(9)))
    cluster_id = await add_cluster(working, KMEANS)
    started = await start(working, cluster_id)
    await until(working, started, stage="starting")
    await working.pool.execute("DELETE FROM clusters WHERE cluster_id = $1", cluster_id)
    async with asyncio.timeout(60):
        query = "SELECT status FROM tasks WHERE task_id = $1"
        while await working.pool.fetchval(query, started.task_id) in ("PENDING", "IN_PROGRESS"):
            await asyncio.sleep(0.05)
    assert await working.pool.fetchval(query, started.task_id) == "CANCELED"
