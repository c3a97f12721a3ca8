"""Alerts on the server itself: each condition rises when there is trouble, and falls when it is over."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.common.ids import new_id
from tests.integration.worker.alerts.alert_bench import AlertBench, alert_bench
from tests.integration.worker.bench import BUCKET, COLLECTION, NAMESPACE, Bench

LONG_AGO = "now() - interval '2 days'"


@pytest.fixture
async def alerts(bench: Bench) -> AsyncIterator[AlertBench]:
    async with alert_bench(bench) as ready:
        yield ready


async def raised(alerts: AlertBench, kind: str, **params: Any) -> dict[str, Any] | None:
    """What a new alert on the condition tells; None when it does not fire."""
    alert_id = await alerts.alert(None, system_condition={"type": kind, "params": params})
    await alerts.sweep()
    assert (await alerts.state(alert_id))["fault"] is None
    told = await alerts.fired(alert_id)
    return told[0]["condition"]["resources"][0] if told else None


async def batch(alerts: AlertBench, status: str, **outcomes: int) -> str:
    """A batch of two days ago that ended now, and so many of its items with each outcome."""
    batch_id = new_id("btch", 12)
    await alerts.pool.execute(
        f"""INSERT INTO batches (batch_id, namespace_id, bucket_id, status, collection_ids, ended_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, now(), {LONG_AGO})""",
        *(batch_id, NAMESPACE, BUCKET, status, [COLLECTION]),
    )
    for outcome, number in outcomes.items():
        await alerts.pool.execute(
            """INSERT INTO batch_items (batch_id, object_id, collection_id, enqueued, outcome, ended_at)
               SELECT $1, $2 || n, $3, true, $2, now() FROM generate_series(1, $4) n""",
            *(batch_id, outcome, COLLECTION, number),
        )
    return batch_id


async def executed(alerts: AlertBench, retriever_id: str, number: int, **columns: Any) -> None:
    """So many executions of a retriever, as the gateway remembers them."""
    values = {"duration_ms": 10.0, "total_returned": 1, **columns}
    await alerts.pool.execute(
        """INSERT INTO retriever_executions (execution_id, namespace_id, retriever_id, status, collection_ids, inputs,
             inputs_hash, stages, total_stages, total_processed, total_returned, duration_ms, created_at)
           SELECT $1 || n, $2, $3, 'completed', ARRAY[$4], '{}', '', '[]', 1, 1, $5, $6, now() - $7 * interval '1 hour'
           FROM generate_series(1, $8) n""",
        *(new_id("exec"), NAMESPACE, retriever_id, COLLECTION),
        *(values["total_returned"], values["duration_ms"], columns.get("hours_ago", 0), number),
    )


async def test_an_empty_collection_after_its_time_of_grace(alerts: AlertBench) -> None:
    assert await raised(alerts, "collection_empty") is None
    await alerts.pool.execute(f"UPDATE collections SET created_at = {LONG_AGO}")
    found = await raised(alerts, "collection_empty", collection_ids=[f"col_{COLLECTION}"])
    assert found is not None
    assert found["resource_id"] == COLLECTION
    await alerts.document()
    assert await raised(alerts, "collection_empty") is None


async def test_a_collection_that_nothing_came_into(alerts: AlertBench) -> None:
    await alerts.document()
    assert await raised(alerts, "collection_stale") is None
    await alerts.pool.execute(f"UPDATE documents SET updated_at = {LONG_AGO}")
    found = await raised(alerts, "collection_stale")
    assert found is not None
    assert found["value"] == 2880
    assert await raised(alerts, "collection_stale", stale_minutes=4000) is None


async def test_batches_that_failed_stalled_or_had_errors(alerts: AlertBench) -> None:
    await batch(alerts, "COMPLETED", COMPLETED=19, FAILED=1)
    for kind in ("batch_failed", "batch_stalled", "batch_error_rate"):
        assert await raised(alerts, kind) is None
    failed, stalled = await batch(alerts, "FAILED", FAILED=4), await batch(alerts, "PROCESSING")
    assert (await raised(alerts, "batch_failed") or {})["resource_id"] == failed
    assert await raised(alerts, "batch_failed", min_failures=2) is None
    assert (await raised(alerts, "batch_stalled") or {})["resource_id"] == stalled
    assert (await raised(alerts, "batch_error_rate") or {})["value"] == 0.2083
    assert await raised(alerts, "batch_error_rate", min_items=50) is None


async def test_an_ingest_that_does_not_get_on(alerts: AlertBench) -> None:
    await alerts.bench.upload(b"first")
    await alerts.pool.execute(f"UPDATE processing SET updated_at = {LONG_AGO}")
    assert (await raised(alerts, "ingest_stalled") or {})["value"] == 1
    done = await alerts.bench.upload(b"second")
    await alerts.pool.execute("UPDATE processing SET status = 'COMPLETED' WHERE object_id = $1", done)
    assert await raised(alerts, "ingest_stalled") is None


async def test_objects_that_failed(alerts: AlertBench) -> None:
    for _ in range(2):
        await alerts.document()
    await alerts.pool.execute("UPDATE objects SET status = 'FAILED'")
    assert await raised(alerts, "dlq_growth") is None
    assert (await raised(alerts, "dlq_growth", min_failures=2) or {})["resource_id"] == BUCKET


async def test_tasks_that_wait(alerts: AlertBench) -> None:
    insert = "INSERT INTO tasks (task_id, namespace_id, kind, task_type) VALUES ($1, $2, 'x', 'materialize')"
    await alerts.pool.execute(insert, "task_1", NAMESPACE)
    assert await raised(alerts, "task_queue_degraded") is None
    await alerts.pool.execute(f"UPDATE tasks SET created_at = {LONG_AGO}")
    assert (await raised(alerts, "task_queue_degraded") or {})["resource_id"] == "task_1"
    await alerts.pool.execute("UPDATE tasks SET status = 'COMPLETED'")
    assert await raised(alerts, "task_queue_degraded") is None


async def test_retrievers_that_are_slow_or_find_nothing(alerts: AlertBench) -> None:
    retriever_id = await alerts.retriever()
    await executed(alerts, retriever_id, 30, hours_ago=5)
    await executed(alerts, retriever_id, 20)
    for kind in ("retriever_latency", "retriever_no_results"):
        assert await raised(alerts, kind, retriever_id=retriever_id) is None
    await executed(alerts, retriever_id, 40, duration_ms=25.0, total_returned=0)
    assert (await raised(alerts, "retriever_latency") or {})["value"] == 25
    assert await raised(alerts, "retriever_latency", latency_multiplier=3) is None
    assert await raised(alerts, "retriever_latency", latency_ms=20) is not None
    assert (await raised(alerts, "retriever_no_results") or {})["resource_id"] == retriever_id
    assert await raised(alerts, "retriever_no_results", no_result_rate=0.9) is None
