"""What triggers do: each action runs through to its end, and its outcome comes back."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2
from services.common.database.batches.lifecycle import NewBatch, add_objects, create_batch, submit_batch
from services.common.database.tasks.create_task import TaskJob
from services.common.database.triggers.start_action import RUN_RETRIEVER, start_action
from services.common.grpc.client import open_channel
from services.common.triggers.actions import read_action
from services.worker.alerts.claims import Claims
from services.worker.tasks.run_retriever import RetrieverRuns
from services.worker.tasks.runner import TaskRunner
from tests.integration.worker.bench import BUCKET, COLLECTION, LABEL, NAMESPACE, Bench
from tests.integration.worker.triggers.trigger_rows import add_trigger, executed, executions
from tests.support.gateway.scripted_services import surroundings_in
from tests.support.waiting import until


async def outputs_of(bench: Bench, trigger_id: str) -> dict[str, Any]:
    """What the task of the only execution gave."""
    (execution,) = await executions(bench.pool, trigger_id)
    outputs: dict[str, Any] = await bench.pool.fetchval(
        "SELECT outputs FROM tasks WHERE task_id = $1", execution["task_id"]
    )
    return outputs


async def test_a_collection_is_processed_again_or_only_what_failed(bench: Bench) -> None:
    object_id = await bench.upload(b"one")
    async with bench.services(), bench.worker():
        await bench.settled(object_id)
        for strategy, seen in (("skip", 1), ("replace", 2)):
            action = ("collection_trigger", {"collection_id": COLLECTION, "dedup_strategy": strategy})
            await executed(bench.pool, await add_trigger(bench.pool, action=action))
            assert bench.extractor.inputs == seen


@pytest.mark.parametrize(("incremental", "processed"), [(False, 2), (True, 1)])
async def test_a_taxonomy_is_applied_to_all_documents_or_to_those_without_a_label(
    bench: Bench, incremental: bool, processed: int
) -> None:
    labelled, bare = await bench.upload(b"one", "shoe"), await bench.upload(b"two")
    config = {"taxonomy_id": f"tax_{COLLECTION}", "collection_id": COLLECTION, "incremental": incremental}
    async with bench.services(), bench.worker():
        await bench.settled(labelled, bare)
        await bench.pool.execute("UPDATE documents SET labels = '{}' WHERE object_id = $1", bare)
        trigger_id = await add_trigger(bench.pool, action=("taxonomy_enrichment", config))
        await executed(bench.pool, trigger_id)
    assert (await outputs_of(bench, trigger_id))["processed"] == processed


async def test_a_batch_is_run_again_for_the_objects_that_pass(bench: Bench) -> None:
    object_ids = [await bench.upload(b"one", "shoe"), await bench.upload(b"two", "boot")]
    async with bench.services(), bench.worker():
        await bench.settled(*object_ids)
        batch_id = await _ended_batch(bench, object_ids)
        before = bench.extractor.inputs
        config = {"batch_id": batch_id, "filters": {"field": LABEL, "operator": "eq", "value": "boot"}}
        await executed(bench.pool, await add_trigger(bench.pool, action=("batch_rerun", config)))
        assert bench.extractor.inputs == before + 1
        failed_only = {"batch_id": batch_id, "retry_failed_only": True}
        await executed(bench.pool, await add_trigger(bench.pool, action=("batch_rerun", failed_only)))
        assert bench.extractor.inputs == before + 1


async def _ended_batch(bench: Bench, object_ids: list[str]) -> str:
    async with bench.pool.acquire() as connection, connection.transaction():
        new = NewBatch(namespace_id=NAMESPACE, bucket_id=BUCKET, collection_ids=[COLLECTION], metadata={})
        batch_id = await create_batch(connection, new)
        await add_objects(connection, batch_id, object_ids)
        await submit_batch(connection, batch_id, [COLLECTION])

    async def has_ended() -> bool:
        status = await bench.pool.fetchval("SELECT status FROM batches WHERE batch_id = $1", batch_id)
        return bool(status == "COMPLETED")

    await until(has_ended)
    return batch_id


async def test_a_trigger_starts_what_its_cluster_and_its_alert_ask_for(bench: Bench) -> None:
    await bench.pool.execute(
        """INSERT INTO clusters (cluster_id, namespace_id, cluster_name, cluster_type, collection_ids, feature_uris,
             config) VALUES ('clust_1', $1, 'found', 'vector', '{}', '{}', $2)""",
        NAMESPACE,
        {"vector_config": {"clustering_method": "kmeans"}},
    )
    await bench.pool.execute(
        """INSERT INTO alerts (alert_id, namespace_id, alert_name, source, retriever_identifier, notification_config)
           VALUES ('alt_1', $1, 'unknown', 'retriever', 'ret', '{}')""",
        NAMESPACE,
    )
    async with bench.pool.acquire() as connection:
        for action_type, config, kind in (
            ("cluster", {"cluster_id": "clust_1"}, "cluster_run"),
            ("alert_evaluation", {"alert_id": "alt_1"}, "evaluate_alert"),
        ):
            task_id = await start_action(connection, NAMESPACE, read_action(action_type, config))
            assert await connection.fetchval("SELECT kind FROM tasks WHERE task_id = $1", task_id) == kind


async def test_an_alert_with_a_trigger_is_looked_at_on_that_schedule_only(bench: Bench) -> None:
    await bench.pool.execute(
        """INSERT INTO alerts (alert_id, namespace_id, alert_name, source, retriever_identifier, notification_config)
           VALUES ('alt_1', $1, 'unknown', 'retriever', 'ret', '{}')""",
        NAMESPACE,
    )
    await add_trigger(bench.pool, action=("alert_evaluation", {"alert_id": "alt_1"}))
    claims = Claims(bench.pool, sweep_seconds=60)
    assert await claims.next() is None
    await bench.pool.execute("UPDATE triggers SET status = 'paused'")
    watched = await claims.next()
    assert watched is not None
    assert watched.alert_id == "alt_1"


@pytest.mark.parametrize(
    ("acceptance", "status", "error"),
    [
        (None, "COMPLETED", None),
        ({"min_results": 1, "judge_field": "verdict.ok", "min_pass_ratio": 0.5}, "COMPLETED", None),
        ({"min_results": 3}, "FAILED", "Not accepted: It found 2 documents, fewer than 3."),
        (
            {"judge_field": "verdict.ok", "min_pass_ratio": 0.9},
            "FAILED",
            "Not accepted: 0.50 of the documents pass by 'verdict.ok', not 0.9.",
        ),
    ],
)
async def test_a_retriever_is_run_and_judged(
    bench: Bench, acceptance: dict[str, Any] | None, status: str, error: str | None
) -> None:
    await bench.pool.execute(
        """INSERT INTO retrievers (retriever_id, namespace_id, retriever_name, collection_identifiers, stages)
           VALUES ('ret_1', $1, 'one', '{}', '[]')""",
        NAMESPACE,
    )
    config = {"retriever_id": "one", "inputs": {"query": "boots"}, "acceptance": acceptance}
    with tempfile.TemporaryDirectory(prefix="lkra") as folder:
        async with surroundings_in(Path(folder)) as running, open_channel(running.address("taxonomy")) as channel:
            running.taxonomy.ranked = [
                taxonomy_pb2.RankedDocument(document_id="doc_1", fields_json='{"verdict": {"ok": true}}'),
                taxonomy_pb2.RankedDocument(document_id="doc_2"),
            ]
            async with bench.pool.acquire() as connection, connection.transaction():
                task_id = await start_action(connection, NAMESPACE, read_action("retriever_execution", config))
            runner = TaskRunner(bench.pool, {RUN_RETRIEVER: RetrieverRuns(channel, 5.0).run}, 3, 0.01)
            assert await runner.run(TaskJob(task_id=task_id)) is None
            assert running.taxonomy.executed[0].retriever_id == "ret_1"
    row = await bench.pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", task_id)
    assert row is not None
    assert (row["status"], row["error"]) == (status, error)
    said = row["outputs"] or row["additional_data"]["execution"]
    assert (said["result_count"], said["document_ids"]) == (2, ["doc_1", "doc_2"])
