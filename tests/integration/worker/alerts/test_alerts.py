"""Alerts on real documents, through the real taxonomy service."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.common.blobs import open_blob_store
from services.common.database.tasks.alert_evaluation import evaluation_of
from services.common.database.tasks.create_task import TaskJob, create_task
from services.common.errors import InvalidArgumentError
from services.common.grpc.client import open_channel
from services.common.ids import document_id
from services.worker.alerts import claims
from services.worker.alerts.evaluator import Evaluator
from services.worker.alerts.new_documents import NewDocuments, Waiting
from services.worker.alerts.search import AlertSearch
from services.worker.tasks.evaluate_alert import AlertEvaluations
from services.worker.tasks.runner import TaskRunner
from tests.integration.worker.alerts.alert_bench import RETRIEVER, AlertBench, alert_bench, taxonomy_at
from tests.integration.worker.bench import COLLECTION, LABEL, NAMESPACE, Bench
from tests.support.tutorial.option_a import SLOT


@pytest.fixture
async def alerts(bench: Bench) -> AsyncIterator[AlertBench]:
    async with taxonomy_at(bench.settings), alert_bench(bench) as ready:
        yield ready


async def test_an_alert_fires_once_per_rise_as_documents_come_and_are_labelled(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    await alerts.look()
    assert await alerts.fired(alert_id) == []
    first = await alerts.document()
    await alerts.look()
    (told,) = await alerts.fired(alert_id)
    assert (told["match_count"], told["collection_id"], told["matches"][0]["asset_id"]) == (1, COLLECTION, first)
    assert told["matches"][0]["score"] == 1.0
    second = await alerts.document()
    await alerts.look()
    assert len(await alerts.fired(alert_id)) == 1
    await alerts.label(first, "shoe")
    await alerts.label(second, "boot")
    await alerts.look()
    assert not (await alerts.state(alert_id))["is_raised"]
    await alerts.document()
    await alerts.look()
    assert len(await alerts.fired(alert_id)) == 2


async def test_a_stream_of_changes_does_not_write_alerts_that_are_due_soon_anyway(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    await alerts.document()
    await alerts.changes.step()
    version = "SELECT xmin::text FROM alerts WHERE alert_id = $1"
    before = await alerts.pool.fetchval(version, alert_id)
    await alerts.document()
    await alerts.changes.step()
    assert await alerts.pool.fetchval(version, alert_id) == before


async def test_changes_elsewhere_make_no_alert_due(alerts: AlertBench) -> None:
    await alerts.bench.add_collection("col_other", taxonomy=False)
    await alerts.retriever(name="elsewhere", collection="col_other")
    alert_id = await alerts.alert("elsewhere")
    await alerts.look()
    before = (await alerts.state(alert_id))["due_at"]
    await alerts.document()
    await alerts.look()
    assert (await alerts.state(alert_id))["due_at"] == before


@pytest.mark.parametrize("named", [RETRIEVER, f"ret_{RETRIEVER}"])
@pytest.mark.parametrize("target", [COLLECTION, f"col_{COLLECTION}"])
async def test_names_of_retrievers_and_collections_count_as_ids_do(alerts: AlertBench, named: str, target: str) -> None:
    await alerts.retriever(collection=target)
    alert_id = await alerts.alert(named)
    await alerts.look()
    await alerts.document()
    await alerts.look()
    assert len(await alerts.fired(alert_id)) == 1


async def test_no_results_min_count_and_threshold(alerts: AlertBench) -> None:
    await alerts.retriever()
    nothing = await alerts.alert(trigger_on="no_results")
    three = await alerts.alert(min_count=3)
    dear = await alerts.alert(threshold={"field": "price", "operator": "gt", "value": 10})
    ids = (nothing, three, dear)
    await alerts.sweep()
    assert [len(await alerts.fired(each)) for each in ids] == [1, 0, 0]
    await alerts.document(price=5)
    await alerts.document(price=50)
    await alerts.sweep()
    assert [len(await alerts.fired(each)) for each in ids] == [1, 0, 0]
    await alerts.document(price=50)
    await alerts.pool.execute("UPDATE documents SET fields = fields || '{\"price\": 11}'")
    await alerts.sweep()
    assert [len(await alerts.fired(each)) for each in ids] == [1, 1, 1]


async def test_an_alert_asks_with_exactly_its_inputs(alerts: AlertBench) -> None:
    await alerts.retriever({"field": "colour", "operator": "eq", "value": "{{INPUT.colour}}"})
    red, blue = await alerts.alert(inputs={"colour": "red"}), await alerts.alert(inputs={"colour": "blue"})
    await alerts.document(colour="red")
    await alerts.sweep()
    assert [len(await alerts.fired(each)) for each in (red, blue)] == [1, 0]


async def test_a_disabled_alert_is_never_looked_at(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert(enabled=False)
    await alerts.document()
    await alerts.sweep()
    assert await alerts.executions(alert_id) == []


async def test_a_rise_inside_the_cooldown_is_told_when_it_ends(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert(cooldown_seconds=3600)
    thing = await alerts.document()
    await alerts.sweep()
    await alerts.label(thing, "shoe")
    await alerts.sweep()
    await alerts.document()
    await alerts.sweep()
    assert len(await alerts.fired(alert_id)) == 1
    (latest,) = (await alerts.executions(alert_id))[-1:]
    assert (latest["triggered"], latest["fired"]) == (True, False)
    await alerts.pool.execute("UPDATE alerts SET last_fired_at = last_fired_at - interval '1 hour'")
    await alerts.sweep()
    assert len(await alerts.fired(alert_id)) == 2


async def test_looks_that_find_the_same_again_share_one_execution(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    for _ in range(3):
        await alerts.sweep()
    await alerts.document()
    for _ in range(3):
        await alerts.sweep()
    found = [(row["triggered"], row["fired"], row["evaluations"]) for row in await alerts.executions(alert_id)]
    assert found == [(False, False, 3), (True, True, 1), (True, False, 2)]
    assert len(await alerts.told(alert_id, "alert.execution.completed")) == 3


async def test_a_retriever_deleted_under_its_alert_is_told_once_and_not_replaced(
    alerts: AlertBench,
) -> None:
    retriever_id = await alerts.retriever()
    alert_id = await alerts.alert(retriever_id=retriever_id, trigger_on="no_results")
    thing = await alerts.document()
    await alerts.sweep()
    await alerts.pool.execute("DELETE FROM retrievers")
    await alerts.look()
    for _ in range(2):
        await alerts.sweep()
    failed = await alerts.executions(alert_id)
    assert [(row["error"] is None, row["evaluations"]) for row in failed] == [(True, 1), (False, 3)]
    assert RETRIEVER in (await alerts.state(alert_id))["fault"]
    assert len(await alerts.told(alert_id, "alert.execution.failed")) == 1
    assert await alerts.fired(alert_id) == []
    again = await alerts.retriever()
    await alerts.label(thing, "shoe")
    await alerts.look()
    assert await alerts.fired(alert_id) == []
    await alerts.pool.execute("UPDATE alerts SET retriever_id = $1, due_at = now()", again)
    await alerts.look()
    assert (await alerts.state(alert_id))["fault"] is None
    assert len(await alerts.fired(alert_id)) == 1


async def test_a_namespace_takes_its_alerts_with_it(alerts: AlertBench) -> None:
    await alerts.retriever()
    await alerts.alert()
    await alerts.document()
    await alerts.look()
    await alerts.pool.execute("DELETE FROM namespaces")
    for table in ("alerts", "alert_executions", "deliveries"):
        assert await alerts.pool.fetchval(f"SELECT count(*) FROM {table}") == 0


async def test_a_retriever_that_was_renamed_is_still_the_alerts(alerts: AlertBench) -> None:
    retriever_id = await alerts.retriever()
    alert_id = await alerts.alert(retriever_id=retriever_id)
    await alerts.pool.execute("UPDATE retrievers SET retriever_name = 'renamed'")
    await alerts.document()
    await alerts.look()
    assert len(await alerts.fired(alert_id)) == 1


async def test_without_the_taxonomy_alerts_wait_and_nothing_counts_as_no_results(bench: Bench) -> None:
    async with alert_bench(bench) as alerts:
        await alerts.retriever()
        alert_id = await alerts.alert(trigger_on="no_results")
        await alerts.evaluator.step()
        state = await alerts.state(alert_id)
        assert (state["fault"], state["claim"], await alerts.executions(alert_id)) == (None, None, [])
        async with taxonomy_at(bench.settings):
            await alerts.sweep()
            assert len(await alerts.fired(alert_id)) == 1


async def test_what_a_dead_worker_was_looking_at_is_looked_at_again(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    await alerts.document()
    dead = await alerts.evaluator.claims.next()
    assert dead is not None
    assert await alerts.evaluator.claims.next() is None
    await alerts.pool.execute("UPDATE alerts SET leased_until = now()")
    await alerts.look()
    assert len(await alerts.fired(alert_id)) == 1
    assert await alerts.evaluator.look_at(dead) is None
    assert len(await alerts.executions(alert_id)) == 1


async def test_a_look_that_takes_long_stays_the_lookers(alerts: AlertBench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "RENEW_SECONDS", 0.02)
    await alerts.retriever()
    alert_id = await alerts.alert()
    watched = await alerts.evaluator.claims.next()
    assert watched is not None
    async with alerts.evaluator.claims.kept(watched), asyncio.timeout(60):
        await alerts.pool.execute("UPDATE alerts SET leased_until = now() + interval '100 ms'")
        while (await alerts.state(alert_id))["leased_until"] < datetime.now(UTC) + timedelta(seconds=5):
            await asyncio.sleep(0.02)
        assert await alerts.evaluator.claims.next() is None


async def test_what_was_changed_meanwhile_is_not_concluded(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    await alerts.document()
    watched = await alerts.evaluator.claims.next()
    assert watched is not None
    await alerts.pool.execute("UPDATE alerts SET claim = NULL, leased_until = NULL, enabled = false")
    assert await alerts.evaluator.look_at(watched) is None
    assert await alerts.executions(alert_id) == []


async def test_documents_are_asked_about_one_by_one_where_a_collection_applies_an_alert(alerts: AlertBench) -> None:
    await alerts.retriever({"field": "colour", "operator": "eq", "value": "{{INPUT.wanted}}"})
    alert_id = await alerts.alert(alert_name="twins", min_count=2)
    mapping = {"input_key": "wanted", "source": {"source_type": "document_field", "path": "colour", "value": None}}
    application = {"alert_id": "twins", "execution_mode": "on_ingest", "input_mappings": [mapping], "priority": 0}
    settings = {"alert_applications": [application]}
    await alerts.pool.execute("UPDATE collections SET settings = $1 WHERE collection_id = $2", settings, COLLECTION)
    await alerts.document(colour="red")
    await alerts.look()
    assert await alerts.fired(alert_id) == []
    await alerts.document(colour="blue")
    twin = await alerts.document(colour="red")
    await alerts.look()
    (told,) = await alerts.fired(alert_id)
    assert (told["match_count"], told["source_documents"]) == (2, [document_id(COLLECTION, twin, 0)])
    assert {match["metadata"]["colour"] for match in told["matches"]} == {"red"}
    assert [len(row["source_documents"]) for row in await alerts.executions(alert_id)] == [1, 2]
    assert await alerts.pool.fetchval("SELECT count(*) FROM alert_documents") == 0
    assert (await alerts.state(alert_id))["fault"] is None


async def test_a_blob_of_the_documents_object_and_a_constant_may_be_inputs(alerts: AlertBench) -> None:
    object_id = await alerts.bench.upload(b"picture")
    sources = {
        "image": {"source_type": "source_blob", "path": "image_url"},
        "other": {"source_type": "source_blob", "path": "nothing"},
        "size": {"source_type": "constant", "value": 7},
    }
    waiting = Waiting(
        document_id="doc_1",
        object_id=object_id,
        fields={},
        mappings=[{"input_key": key, "source": source} for key, source in sources.items()],
    )
    documents = NewDocuments(alerts.pool, open_blob_store(alerts.bench.settings))
    picture = base64.b64encode(b"picture").decode()
    found = await documents.inputs(waiting)
    assert found == {"image": f"data:application/octet-stream;base64,{picture}", "size": 7}
    await alerts.pool.execute("UPDATE blobs SET size_bytes = 9000000")
    with pytest.raises(InvalidArgumentError, match="is larger than"):
        await documents.inputs(waiting)


async def test_a_retriever_that_takes_too_long_is_a_failure_and_not_an_empty_result(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert(trigger_on="no_results")
    async with open_channel(alerts.bench.settings.taxonomy_address) as taxonomy:
        hasty = AlertSearch(alerts.pool, taxonomy, 0.0)
        documents = NewDocuments(alerts.pool, open_blob_store(alerts.bench.settings))
        await Evaluator(alerts.pool, alerts.evaluator.claims, hasty, documents).step()
    (execution,) = await alerts.executions(alert_id)
    assert (execution["triggered"], execution["error"]) == (False, (await alerts.state(alert_id))["fault"])
    assert execution["error"]
    assert len(await alerts.told(alert_id, "alert.execution.failed")) == 1


async def test_a_picture_that_cannot_be_fetched_is_said_and_holds_up_no_other_document(alerts: AlertBench) -> None:
    search = {"feature_uri": SLOT, "query": {"input_mode": "content", "value": "{{INPUT.photo}}"}, "top_k": 1}
    await alerts.retriever({"searches": [search]}, stage_id="feature_search")
    alert_id = await alerts.alert(alert_name="photos", inputs={"photo": "http://none.invalid/none.png"})
    await alerts.sweep()
    (execution,) = await alerts.executions(alert_id)
    assert "cannot be reached" in execution["error"]
    assert (await alerts.state(alert_id))["fault"] == execution["error"]
    mapping = {"input_key": "photo", "source": {"source_type": "constant", "value": "http://none.invalid/other.png"}}
    application = {"alert_id": "photos", "execution_mode": "on_ingest", "input_mappings": [mapping], "priority": 0}
    settings = {"alert_applications": [application]}
    await alerts.pool.execute("UPDATE collections SET settings = $1 WHERE collection_id = $2", settings, COLLECTION)
    await alerts.document()
    await alerts.look()
    assert await alerts.pool.fetchval("SELECT count(*) FROM alert_documents") == 0
    asked = [row for row in await alerts.executions(alert_id) if row["source_documents"]]
    assert ["other.png" in row["error"] for row in asked] == [True]


async def run_task(alerts: AlertBench, alert_id: str) -> dict[str, Any]:
    """The row of the task that evaluates an alert, after its run."""
    async with alerts.pool.acquire() as connection, connection.transaction():
        task_id = await create_task(connection, evaluation_of(NAMESPACE, alert_id))
    handlers = {"evaluate_alert": AlertEvaluations(alerts.evaluator).run}
    await TaskRunner(alerts.pool, handlers, max_attempts=3, retry_base=0.01).run(TaskJob(task_id=task_id))
    row = await alerts.pool.fetchrow("SELECT status, outputs, error FROM tasks WHERE task_id = $1", task_id)
    assert row is not None
    return dict(row)


async def test_a_task_looks_at_an_alert_on_demand(alerts: AlertBench) -> None:
    await alerts.retriever()
    alert_id = await alerts.alert()
    await alerts.document(label=None)
    done = await run_task(alerts, alert_id)
    assert (done["status"], done["outputs"]["fired"], done["outputs"]["match_count"]) == ("COMPLETED", True, 1)
    (execution,) = await alerts.executions(alert_id)
    assert done["outputs"]["execution_id"] == execution["execution_id"]
    disabled = await run_task(alerts, await alerts.alert(enabled=False))
    assert disabled["outputs"]["evaluated"] is False
    assert (await run_task(alerts, "alt_nothing"))["status"] == "FAILED"
    broken = await run_task(alerts, await alerts.alert("ret_nothing"))
    assert broken["status"] == "COMPLETED_WITH_ERRORS"
    assert LABEL in execution["matches"][0]["metadata"]
