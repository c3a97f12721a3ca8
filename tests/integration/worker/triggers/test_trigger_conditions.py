"""Conditions are measured against what was there when the trigger last succeeded."""

import asyncio
from typing import Any

import numpy as np

from services.common.database.documents.write_documents import write_documents
from services.common.ids import document_id
from services.common.row_types import DocumentRow, EmbeddingRow
from services.worker.kit.loops import run_loops
from services.worker.triggers.document_drift import SAMPLE, average, drift
from services.worker.triggers.execution_outcomes import Outcomes
from services.worker.triggers.loops import trigger_loops
from services.worker.triggers.scheduler import Scheduler
from tests.integration.worker.bench import BUCKET, COLLECTION, NAMESPACE, Bench
from tests.integration.worker.fake_services import DIMENSIONS
from tests.integration.worker.triggers.trigger_rows import add_trigger, executions, trigger_row
from tests.support.tutorial.option_a import SLOT
from tests.support.waiting import until


async def add_documents(bench: Bench, count: int, axis: int) -> None:
    """Documents whose vectors all point along one axis."""
    object_id = await bench.create([], None)
    vector = np.eye(DIMENSIONS, dtype="<f2")[axis].tobytes()
    parts = range(100 * axis, 100 * axis + count)
    rows = [
        DocumentRow(
            document_id=document_id(COLLECTION, object_id, part),
            namespace_id=NAMESPACE,
            collection_id=COLLECTION,
            bucket_id=BUCKET,
            object_id=object_id,
            part=part,
            fields={},
            taxonomy_match=None,
            labels={},
            internal={},
            embeddings=[EmbeddingRow(feature_uri=SLOT, model="fake", dimensions=DIMENSIONS, vector=vector)],
        )
        for part in parts
    ]
    async with bench.pool.acquire() as connection, connection.transaction():
        await write_documents(connection, rows)


async def look(bench: Bench, trigger_id: str) -> dict[str, Any]:
    """The trigger after one more look."""
    await bench.pool.execute("UPDATE triggers SET next_scheduled_at = now() WHERE trigger_id = $1", trigger_id)
    await Scheduler(bench.pool).step()
    return await trigger_row(bench.pool, trigger_id)


async def end(bench: Bench, status: str) -> None:
    await bench.pool.execute("UPDATE tasks SET status = $1 WHERE status = 'PENDING'", status)
    await Outcomes(bench.pool).step()


def condition(kind: str, threshold: float, **other: Any) -> dict[str, Any]:
    return {"condition_type": kind, "threshold": threshold, **other}


async def test_it_fires_when_the_number_of_documents_has_changed_by_so_many(bench: Bench) -> None:
    await add_documents(bench, 10, axis=0)
    trigger_id = await add_trigger(bench.pool, "conditional", condition("volume", 5))
    assert (await look(bench, trigger_id))["baseline_snapshot"]["document_count"] == 10
    await add_documents(bench, 4, axis=1)
    assert (await look(bench, trigger_id))["last_volume_measurement"]["value"] == 4
    assert await executions(bench.pool, trigger_id) == []
    await add_documents(bench, 1, axis=2)
    row = await look(bench, trigger_id)
    assert (row["last_volume_measurement"]["exceeded"], row["last_execution_status"]) == (True, "PENDING")
    assert [each["cause"] for each in await executions(bench.pool, trigger_id)] == ["condition"]


async def test_a_condition_that_takes_long_to_measure_holds_up_no_other_trigger(bench: Bench) -> None:
    await add_documents(bench, 1, axis=0)
    slow = await add_trigger(bench.pool, "conditional", condition("drift", 0.5), due_in=-6000)
    other = await add_trigger(bench.pool)
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("LOCK TABLE embeddings IN ACCESS EXCLUSIVE MODE")
        running = asyncio.create_task(run_loops(*trigger_loops(bench.pool)))
        try:
            await until(lambda: executions(bench.pool, other))
            assert (await trigger_row(bench.pool, slow))["last_condition_check_at"] is None
        finally:
            running.cancel()
            await asyncio.wait((running,))


async def test_only_success_moves_the_baseline(bench: Bench) -> None:
    trigger_id = await add_trigger(bench.pool, "conditional", condition("volume", 0.5, metric="relative_change"))
    await add_documents(bench, 10, axis=0)
    await look(bench, trigger_id)
    await add_documents(bench, 6, axis=1)
    await look(bench, trigger_id)
    await end(bench, "FAILED")
    assert (await look(bench, trigger_id))["last_volume_measurement"]["baseline_document_count"] == 10
    await add_documents(bench, 1, axis=2)
    await end(bench, "COMPLETED")
    row = await look(bench, trigger_id)
    assert (row["baseline_snapshot"]["document_count"], row["last_volume_measurement"]["exceeded"]) == (16, False)
    assert len(await executions(bench.pool, trigger_id)) == 2


async def test_it_fires_when_the_vectors_have_drifted(bench: Bench) -> None:
    await add_documents(bench, 10, axis=0)
    trigger_id = await add_trigger(bench.pool, "conditional", condition("drift", 0.2))
    await look(bench, trigger_id)
    assert (await look(bench, trigger_id))["last_drift_measurement"]["value"] == 0.0
    await add_documents(bench, 10, axis=1)
    row = await look(bench, trigger_id)
    assert row["last_drift_measurement"]["value"] == round(1 - 1 / np.sqrt(2), 6)
    assert (row["last_drift_measurement"]["exceeded"], row["baseline_snapshot"]["sample_size"]) == (True, 10)


async def test_nothing_drifts_from_nothing(bench: Bench) -> None:
    trigger_id = await add_trigger(bench.pool, "conditional", condition("drift", 0.1))
    await look(bench, trigger_id)
    assert (await look(bench, trigger_id))["last_drift_measurement"]["value"] is None
    await add_documents(bench, 3, axis=0)
    assert (await look(bench, trigger_id))["baseline_snapshot"]["document_count"] == 3
    await bench.pool.execute("DELETE FROM documents")
    assert (await look(bench, trigger_id))["last_drift_measurement"]["value"] is None
    assert await executions(bench.pool, trigger_id) == []


async def test_of_many_documents_a_spread_sample_stands_for_all(bench: Bench) -> None:
    await add_documents(bench, 60, axis=0)
    await add_documents(bench, 60, axis=1)
    counts = {COLLECTION: 120, **{f"other_{number}": 1 for number in range(SAMPLE // 50)}}
    async with bench.pool.acquire() as connection:
        found, again = await average(connection, counts), await average(connection, counts)
    assert 40 <= found.sample_size <= 50
    assert drift(found.means, again.means) == 0
    (mean,) = found.means.values()
    assert abs(mean[0] - 0.5) < 0.1
