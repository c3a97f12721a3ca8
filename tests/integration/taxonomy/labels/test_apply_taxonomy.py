"""apply-taxonomy as a task, on real services: what a collection holds is labelled anew."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from services.common.database.tasks.create_task import NewTask, TaskJob, create_task, request_cancel
from services.common.database.taxonomies.applied_taxonomies import APPLY_TAXONOMY
from services.worker.kit.index_client import IndexClient
from services.worker.kit.task import Handler
from services.worker.labels.relabelling import Refresh
from services.worker.labels.taxonomy_client import TaxonomyClient
from services.worker.tasks.apply_taxonomy import ApplyTaxonomy
from services.worker.tasks.runner import TaskRunner
from tests.integration.taxonomy.world import World, at, classifier, feature_search

Json = dict[str, Any]
STATE = (
    "SELECT document_id, fields, labels, taxonomy_match, internal, updated_at FROM documents WHERE namespace_id = $1"
)


async def start(world: World, collection_id: str, taxonomy_id: str | Sequence[str], filters: Any = None) -> str:
    """Stores the task, as the gateway does; returns its id."""
    ids = [taxonomy_id] if isinstance(taxonomy_id, str) else list(taxonomy_id)
    inputs = {"collection_id": collection_id, "taxonomy_ids": ids, "scroll_filters": filters, "batch_size": 3}
    new = NewTask(kind=APPLY_TAXONOMY, task_type="x", namespace_id=world.namespace_id, inputs=inputs)
    async with world.pool.acquire() as connection, connection.transaction():
        return await create_task(connection, new)


async def run(world: World, task_id: str, refresh: Refresh | None = None) -> Json:
    """One run of the task by a worker; its row afterwards."""
    taxonomy, index = world.channels
    handler = ApplyTaxonomy(ask=TaxonomyClient(taxonomy, 30).ask, refresh=refresh or IndexClient(index, 30).refresh)
    return await run_by(world, task_id, {APPLY_TAXONOMY: handler.run})


async def run_by(world: World, task_id: str, handlers: Mapping[str, Handler]) -> Json:
    """One run of the task by a worker with these handlers; its row afterwards."""
    await TaskRunner(world.pool, handlers, max_attempts=5, retry_base=0.01).run(TaskJob(task_id=task_id))
    row = await world.pool.fetchrow("SELECT * FROM tasks WHERE task_id = $1", task_id)
    assert row is not None
    return dict(row)


async def applied(world: World, collection_id: str, taxonomy_id: str | Sequence[str], filters: Any = None) -> Json:
    """A task that runs to its end; what it says of itself."""
    row = await run(world, await start(world, collection_id, taxonomy_id, filters))
    assert row["status"] == "COMPLETED", row["error"]
    outputs: Json = row["outputs"]
    return outputs


async def state(world: World) -> dict[str, tuple[Any, ...]]:
    return {row["document_id"]: tuple(row.values()) for row in await world.pool.fetch(STATE, world.namespace_id)}


async def label(world: World, document_id: str) -> Any:
    return (await world.pool.fetchval("SELECT fields FROM documents WHERE document_id = $1", document_id)).get(
        "product_label"
    )


async def mixed(world: World) -> tuple[str, str, dict[str, str]]:
    """The tutorial's collection with documents of every kind; its id, its taxonomy's, and theirs by name."""
    collection_id = await world.tutorial(classifier(min_score=0.0))
    taxonomy_id = await world.pool.fetchval(
        "SELECT taxonomy_id FROM taxonomies WHERE collection_id = $1", collection_id
    )
    documents = {
        "human": await world.document(collection_id, at(0), "shoe"),
        "import": await world.document(collection_id, at(90), "hat", source="import"),
        "near": await world.document(collection_id, at(10)),
        "middle": await world.document(collection_id, at(50)),
        "auto": await world.document(collection_id, at(20), "wrong", source="auto"),
        "far": await world.document(collection_id, at(170), "stale", source="auto"),
    }
    return collection_id, taxonomy_id, documents


async def test_what_machines_may_label_is_labelled_by_peoples_examples(world: World) -> None:
    collection_id, taxonomy_id, documents = await mixed(world)
    outputs = await applied(world, collection_id, taxonomy_id)
    assert outputs == {"processed": 6, "changed": 4}
    found = {name: await label(world, document_id) for name, document_id in documents.items()}
    assert found == {"human": "shoe", "import": "hat", "near": "shoe", "middle": "hat", "auto": "shoe", "far": None}
    row = await world.pool.fetchrow("SELECT * FROM documents WHERE document_id = $1", documents["near"])
    assert row is not None
    assert row["taxonomy_match"]["source_document_id"] == documents["human"]
    assert row["labels"]["product_label"]["taxonomy_id"] == taxonomy_id
    assert row["internal"][f"_taxonomy_{taxonomy_id}_label"] == "shoe"


async def test_several_taxonomies_decide_together_and_each_is_told_of(world: World) -> None:
    collection_id, inline, documents = await mixed(world)
    config = {
        "taxonomy_type": "flat",
        "retriever_id": "ret_classifier",
        "source_collection": {"enrichment_fields": [{"field_path": "product_label", "target_field": "kind"}]},
    }
    other = await world.native(config, [{"retriever": "ret_classifier"}], ["kind"])
    await world.apply(collection_id, other)
    await applied(world, collection_id, [inline, other])
    sql = "SELECT fields FROM documents WHERE document_id = $1"
    fields = await world.pool.fetchval(sql, documents["near"])
    assert (fields["product_label"], fields["kind"]) == ("shoe", "shoe")
    sql = "SELECT subject_id FROM events WHERE namespace_id = $1 AND event_type = 'resource.executed'"
    assert {row["subject_id"] for row in await world.pool.fetch(sql, world.namespace_id)} == {inline, other}


async def test_a_second_time_changes_nothing_at_all(world: World) -> None:
    collection_id, taxonomy_id, _ = await mixed(world)
    await applied(world, collection_id, taxonomy_id)
    before = await state(world)
    assert (await applied(world, collection_id, taxonomy_id))["changed"] == 0
    assert await state(world) == before


async def test_a_changed_threshold_takes_labels_away_and_gives_them_back(world: World) -> None:
    collection_id, taxonomy_id, documents = await mixed(world)
    await applied(world, collection_id, taxonomy_id)
    sql = "UPDATE taxonomies SET confidence_threshold = $2, version = version + 1 WHERE taxonomy_id = $1"
    await world.pool.execute(sql, taxonomy_id, 0.9)
    await applied(world, collection_id, taxonomy_id)
    found = {name: await label(world, document_id) for name, document_id in documents.items()}
    assert found == {"human": "shoe", "import": "hat", "near": "shoe", "middle": None, "auto": "shoe", "far": None}
    await world.pool.execute(sql, taxonomy_id, 0.1)
    await applied(world, collection_id, taxonomy_id)
    assert await label(world, documents["middle"]) == "hat"


async def test_only_what_passes_the_filter_is_labelled(world: World) -> None:
    collection_id, taxonomy_id, documents = await mixed(world)
    chosen = await world.document(collection_id, at(12), brand="acme")
    filters = {"AND": [{"field": "brand", "operator": "eq", "value": "acme"}]}
    assert await applied(world, collection_id, taxonomy_id, filters) == {"processed": 1, "changed": 1}
    assert (await label(world, chosen), await label(world, documents["near"])) == ("shoe", None)


async def test_a_label_cleared_by_a_person_on_the_object_stays_clear(world: World) -> None:
    collection_id, taxonomy_id, documents = await mixed(world)
    await world.pool.execute(
        """UPDATE objects SET human_fields = '{"product_label": "2026-01-01"}'
           WHERE object_id = (SELECT object_id FROM documents WHERE document_id = $1)""",
        documents["near"],
    )
    await applied(world, collection_id, taxonomy_id)
    assert await label(world, documents["near"]) is None


async def test_a_worker_that_dies_on_the_way_is_followed_by_one_that_goes_on(world: World) -> None:
    collection_id, taxonomy_id, _ = await mixed(world)
    steps = 0

    async def dies(_: Sequence[str]) -> None:
        nonlocal steps
        steps += 1
        raise RuntimeError("killed after a step was committed")

    task_id = await start(world, collection_id, taxonomy_id)
    row = await run(world, task_id, dies)
    assert (row["status"], row["additional_data"]["processed"], steps) == ("IN_PROGRESS", 3, 1)
    row = await run(world, task_id)
    assert (row["status"], row["outputs"]) == ("COMPLETED", {"processed": 6, "changed": 4})
    events = await world.pool.fetch(
        "SELECT subject_id FROM events WHERE namespace_id = $1 AND event_type = 'document.updated'", world.namespace_id
    )
    assert len(events) == len({event["subject_id"] for event in events}) == 4


async def test_a_task_that_is_to_stop_stops_and_keeps_what_it_did(world: World) -> None:
    collection_id, taxonomy_id, _ = await mixed(world)
    task_id = await start(world, collection_id, taxonomy_id)

    async def stop(_: Sequence[str]) -> None:
        await request_cancel(world.pool, task_id)

    row = await run(world, task_id, stop)
    assert (row["status"], row["additional_data"]["processed"]) == ("CANCELED", 3)


@pytest.mark.parametrize("broken", ["DELETE FROM retrievers", "UPDATE retrievers SET stages = '[]'"])
async def test_a_taxonomy_that_cannot_run_takes_no_label_away(world: World, broken: str) -> None:
    collection_id, taxonomy_id, _ = await mixed(world)
    before = await state(world)
    await world.pool.execute(f"{broken} WHERE namespace_id = $1", world.namespace_id)
    row = await run(world, await start(world, collection_id, taxonomy_id))
    assert row["status"] == "FAILED"
    assert row["error"]
    assert await state(world) == before


async def test_the_fields_of_other_taxonomies_are_left_alone(world: World) -> None:
    collection_id, inline, documents = await mixed(world)
    reference = await world.collection("reference")
    await world.retriever([feature_search(top_k=1)], "reference", name="colours")
    fields = [{"field_path": "colour", "merge_mode": "replace"}]
    config = {"taxonomy_type": "flat", "retriever_id": "colours", "source_collection": {"enrichment_fields": fields}}
    native = await world.native(config, [{"retriever": "colours", "collection": reference}], ["colour"])
    await world.apply(collection_id, native)
    await world.document(reference, at(10), colour="red")
    await applied(world, collection_id, native)
    row = await world.pool.fetchrow("SELECT * FROM documents WHERE document_id = $1", documents["near"])
    assert row is not None
    assert (row["fields"]["colour"], row["fields"]["product_label"]) == ("red", None)
    assert f"_taxonomy_{inline}_id" not in row["internal"]
    await applied(world, collection_id, inline)
    assert await label(world, documents["near"]) == "shoe"
    assert (await applied(world, collection_id, native))["changed"] == 0
