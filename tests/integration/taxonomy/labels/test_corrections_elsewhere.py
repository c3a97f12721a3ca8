"""Labels that rest on corrected ones in other ways: by places, by copied fields, by many at once."""

from dataclasses import replace
from typing import Any

import pytest

from services.common.database.documents.edit_documents import Within, delete_documents
from services.common.database.taxonomies.decide_again import decide_again, decide_waiting
from services.common.filters import Condition, Operator, canonical_json
from services.worker.kit.index_client import IndexClient
from services.worker.kit.task import Task, TaskCanceledError
from services.worker.labels.taxonomy_client import TaxonomyClient
from services.worker.tasks.bulk_documents import BulkDocuments
from services.worker.tasks.decide_again import DecideAgain
from tests.integration.taxonomy.labels.test_apply_taxonomy import applied
from tests.integration.taxonomy.labels.test_corrections import LABEL, by_machine, corrected, decided_again, labels
from tests.integration.taxonomy.world import World, at, classifier, feature_search

Json = dict[str, Any]


async def library(world: World, *fields: str) -> tuple[str, str, str]:
    """A shelf that takes these fields over from a library; the ids of the shelf, its taxonomy, and one reference."""
    shelf, reference = await world.collection("shelf"), await world.collection("library")
    await world.retriever(classifier(min_score=0.0), "library", name="matcher")
    enriched = [{"field_path": field} for field in fields]
    config = {
        "taxonomy_type": "flat",
        "retriever_id": "ret_matcher",
        "confidence_threshold": 0.5,
        "source_collection": {"enrichment_fields": enriched},
    }
    taxonomy_id = await world.native(config, [{"retriever": "ret_matcher", "collection": reference}], fields)
    await world.apply(shelf, taxonomy_id)
    return shelf, taxonomy_id, await world.document(reference, at(0), "Hammer", sku="S1", maker="Acme")


async def said(world: World, document_id: str, *fields: str) -> list[Any]:
    found = await world.pool.fetchval("SELECT fields FROM documents WHERE document_id = $1", document_id)
    return [found.get(field) for field in fields]


async def bulk_task(world: World, collection_id: str, document_id: str, label: str) -> tuple[BulkDocuments, Task]:
    """The task that gives one document a label, and who runs it."""
    taxonomy, index = world.channels
    refresh = IndexClient(index, 30).refresh
    chosen = canonical_json(Condition("document_id", Operator.EQ, document_id))
    inputs = {"collection_id": collection_id, "filters": chosen, "changes": {LABEL: label}}
    task_id = f"task_{document_id}"
    sql = "INSERT INTO tasks (task_id, namespace_id, kind, task_type, inputs) VALUES ($1, $2, 'k', 't', $3)"
    await world.pool.execute(sql, task_id, world.namespace_id, inputs)
    handler = BulkDocuments(
        refresh=refresh, again=DecideAgain(ask=TaxonomyClient(taxonomy, 30).ask, refresh=refresh).run
    )
    task = Task(pool=world.pool, task_id=task_id, namespace_id=world.namespace_id, inputs=inputs, additional_data={})
    return handler, task


@pytest.mark.parametrize("field", ["sku", "maker"])
async def test_a_field_that_was_copied_along_with_the_label_follows(world: World, field: str) -> None:
    shelf, taxonomy_id, reference = await library(world, LABEL, "sku", "maker")
    document_id = await world.document(shelf, at(5))
    await applied(world, shelf, taxonomy_id)
    assert await said(world, document_id, LABEL, "sku", "maker") == ["Hammer", "S1", "Acme"]
    affected = await corrected(world, reference, **{field: "other"})
    assert affected.document_ids == (document_id,)
    await decided_again(world, affected)
    assert await said(world, document_id, LABEL, field) == ["Hammer", "other"]


async def test_of_several_labels_a_persons_stays_and_the_others_follow(world: World) -> None:
    shelf, taxonomy_id, reference = await library(world, LABEL, "sku")
    document_id = await world.document(shelf, at(5))
    await applied(world, shelf, taxonomy_id)
    await corrected(world, document_id, sku="mine")
    affected = await corrected(world, reference, product_label="Pliers", sku="S2")
    await decided_again(world, affected)
    assert await said(world, document_id, LABEL, "sku") == ["Pliers", "mine"]


async def test_a_place_in_a_hierarchy_goes_with_the_last_that_is_in_it(world: World) -> None:
    shelf, tools = await world.collection("shelf"), await world.collection("tools")
    await world.retriever([feature_search(top_k=1)], "tools", name="matcher")
    node = {"collection_id": tools, "label": "Tools", "retriever_id": "ret_matcher"}
    config = {"taxonomy_type": "hierarchical", "hierarchical_nodes": [node], "confidence_threshold": 0.5}
    runs = [{"retriever": "ret_matcher", "collection": tools, "node": tools}]
    taxonomy_id = await world.native(config, runs, ["path", "category_name"])
    await world.apply(shelf, taxonomy_id)
    reference = await world.document(tools, at(0))
    document_id = await world.document(shelf, at(5))
    await applied(world, shelf, taxonomy_id)
    assert await said(world, document_id, "path", "category_name") == [["Tools"], "Tools"]
    async with world.pool.acquire() as connection, connection.transaction():
        await delete_documents(connection, Within(namespace_id=world.namespace_id), [reference])
        affected = await decide_again(connection, world.namespace_id)
    await world.refresh(reference)
    assert affected.document_ids == (document_id,)
    await decided_again(world, affected)
    assert await said(world, document_id, "path", "category_name") == [None, None]


async def test_what_cannot_run_any_more_keeps_no_label_alive(world: World) -> None:
    shelf, taxonomy_id, reference = await library(world, LABEL)
    document_id = await world.document(shelf, at(5))
    await applied(world, shelf, taxonomy_id)
    await world.pool.execute("DELETE FROM retrievers WHERE namespace_id = $1", world.namespace_id)
    affected = await corrected(world, reference, product_label="Pliers")
    await decided_again(world, affected)
    assert await labels(world, document_id) == [None]
    match = await world.pool.fetchval("SELECT taxonomy_match FROM documents WHERE document_id = $1", document_id)
    assert match["reason"]


async def test_a_change_of_many_decides_again_in_the_same_task(world: World) -> None:
    collection_id = await world.tutorial(classifier(min_score=0.0), threshold=0.5)
    first = await world.document(collection_id, at(0), "Hammer")
    follower = await by_machine(world, collection_id, 5, "Hammer", first)
    handler, task = await bulk_task(world, collection_id, first, "Pliers")
    assert (await handler.update(task)).outputs == {"updated_count": 1, "decided_again": 1}
    assert await labels(world, follower) == ["Pliers"]


async def test_what_a_cancelled_change_of_many_leaves_is_for_another_task(world: World) -> None:
    collection_id = await world.tutorial(classifier(min_score=0.0), threshold=0.5)
    first = await world.document(collection_id, at(0), "Hammer")
    await by_machine(world, collection_id, 5, "Hammer", first)
    handler, task = await bulk_task(world, collection_id, first, "Pliers")

    async def cancels(_: Any) -> None:
        await world.pool.execute("UPDATE tasks SET cancel_requested = true WHERE task_id = $1", task.task_id)

    with pytest.raises(TaskCanceledError):
        await replace(handler, refresh=cancels).update(task)
    waiting = "SELECT count(*) FROM stale_labels WHERE collection_id = $1 AND task_id IS NULL"
    assert await world.pool.fetchval(waiting, collection_id) == 1
    async with world.pool.acquire() as connection, connection.transaction():
        await decide_waiting(connection, 10_000)
    assert await world.pool.fetchval(waiting, collection_id) == 0
