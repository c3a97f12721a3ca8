"""A machine's label never outlives its evidence, on real services: what rests on a corrected one is decided again."""

import asyncio
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.database.documents.edit_documents import Within, delete_documents, edit_documents
from services.common.database.tasks.create_task import request_cancel
from services.common.database.taxonomies.decide_again import DECIDE_AGAIN, Affected, decide_again, decide_waiting
from services.worker.domain import Decision
from services.worker.kit.index_client import IndexClient
from services.worker.labels.relabelling import Refresh
from services.worker.labels.taxonomy_client import TaxonomyClient
from services.worker.tasks.decide_again import DecideAgain
from tests.integration.taxonomy.labels.test_apply_taxonomy import applied, run_by
from tests.integration.taxonomy.world import World, at, classifier

Json = dict[str, Any]
LABEL = "product_label"


async def run(world: World, task_id: str, refresh: Refresh | None = None) -> Json:
    """One run of the task by a worker; its row afterwards."""
    taxonomy, index = world.channels
    handler = DecideAgain(ask=TaxonomyClient(taxonomy, 30).ask, refresh=refresh or IndexClient(index, 30).refresh)
    return await run_by(world, task_id, {DECIDE_AGAIN: handler.run})


async def corrected(world: World, document_id: str, **fields: Any) -> Affected:
    """What a person's change of a document concerns."""
    async with world.pool.acquire() as connection, connection.transaction():
        await edit_documents(connection, Within(namespace_id=world.namespace_id), {document_id: fields})
        affected = await decide_again(connection, world.namespace_id)
    await world.refresh(document_id, *affected.document_ids)
    return affected


async def decided_again(world: World, affected: Affected) -> Json:
    """The task to its end; what it says of itself."""
    assert affected.task_id is not None
    row = await run(world, affected.task_id)
    assert row["status"] == "COMPLETED", row["error"]
    outputs: Json = row["outputs"]
    return outputs


async def by_machine(world: World, collection_id: str, degrees: float, label: str, rests_on: str, **lent: Any) -> str:
    """A document that a machine has labelled by the document `rests_on`."""
    document_id = await world.document(collection_id, at(degrees))
    said = {"document_id": rests_on, "field": LABEL, "value": label, **lent}
    entry = {"source": "auto", "value": label, "evidence": [{"document_id": rests_on, "label": label}]}
    async with world.pool.acquire() as connection:
        await connection.execute(
            "UPDATE documents SET fields = fields || $2, labels = $3 WHERE document_id = $1",
            document_id,
            {LABEL: label},
            {LABEL: {**entry, "rests_on": [said]}},
        )
    await world.refresh(document_id)
    return document_id


async def labels(world: World, *document_ids: str) -> list[Any]:
    sql = "SELECT document_id, fields FROM documents WHERE document_id = ANY($1)"
    found = {row["document_id"]: row["fields"].get(LABEL) for row in await world.pool.fetch(sql, list(document_ids))}
    return [found[document_id] for document_id in document_ids]


@pytest.fixture
async def tools(world: World) -> tuple[str, str, list[str]]:
    """A wrong Hammer, and four that follow it: each rests on the one before."""
    collection_id = await world.tutorial(classifier(min_score=0.0), threshold=0.5)
    first = await world.document(collection_id, at(0), "Hammer")
    chain = [first]
    for number in range(1, 5):
        chain.append(await by_machine(world, collection_id, 2 * number, "Hammer", chain[-1]))
    return collection_id, first, chain[1:]


async def test_who_follows_a_corrected_example_is_no_reference_at_once(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    collection_id, first, followers = tools
    affected = await corrected(world, first, product_label="Pliers")
    assert set(affected.document_ids) == set(followers)
    decision = await world.decide(collection_id, at(8))
    assert (decision.label_json, decision.source_document_id) == ('"Pliers"', first)


async def test_what_rests_on_a_corrected_example_is_decided_again(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    collection_id, first, followers = tools
    affected = await corrected(world, first, product_label="Pliers")
    assert await decided_again(world, affected) == {"processed": 4, "changed": 4}
    assert await labels(world, *followers) == ["Pliers"] * 4
    row = await world.pool.fetchrow("SELECT * FROM documents WHERE document_id = $1", followers[3])
    assert row is not None
    (evidence,) = row["labels"][LABEL]["evidence"]
    assert (evidence["document_id"], evidence["label"]) == (first, "Pliers")
    assert row["taxonomy_match"]["source_document_id"] == first
    assert await world.pool.fetchval("SELECT count(*) FROM stale_labels WHERE collection_id = $1", collection_id) == 0
    decision = await world.decide(collection_id, at(9))
    assert decision.source_document_id == followers[3]


@pytest.mark.parametrize("way", ["cleared", "deleted"])
async def test_without_its_example_a_label_goes(world: World, tools: tuple[str, str, list[str]], way: str) -> None:
    _, first, followers = tools
    if way == "cleared":
        affected = await corrected(world, first, product_label=None)
    else:
        async with world.pool.acquire() as connection, connection.transaction():
            await delete_documents(connection, Within(namespace_id=world.namespace_id), [first])
            affected = await decide_again(connection, world.namespace_id)
    assert set(affected.document_ids) == set(followers)
    await decided_again(world, affected)
    assert await labels(world, *followers) == [None] * 4
    row = await world.pool.fetchrow("SELECT * FROM documents WHERE document_id = $1", followers[0])
    assert row is not None
    assert (row["labels"], row["taxonomy_match"]["matched"]) == ({}, False)


@pytest.mark.parametrize(("degrees", "proposal"), [(2, "Hammer"), (80, None)])
async def test_about_an_example_that_was_taken_away_the_machine_is_asked(
    world: World, tools: tuple[str, str, list[str]], degrees: float, proposal: str | None
) -> None:
    collection_id, _, _ = tools
    taken = await world.document(collection_id, at(degrees), "Saw", source="import")
    affected = await corrected(world, taken, product_label=None)
    assert affected.document_ids == ()
    assert await decided_again(world, affected) == {"processed": 1, "changed": 1}
    row = await world.pool.fetchrow("SELECT * FROM documents WHERE document_id = $1", taken)
    assert row is not None
    entry = row["labels"][LABEL]
    assert (row["fields"][LABEL], entry["source"], entry["value"]) == (None, "human", None)
    assert entry.get("proposal", {}).get("value") == proposal
    assert row["taxonomy_match"]["confidence"] == pytest.approx(np.cos(np.radians(degrees)), abs=0.01)
    assert (await corrected(world, taken, product_label=None)).task_id is None
    assert (await corrected(world, taken, product_label="Hammer")).task_id is None
    assert await world.pool.fetchval("SELECT count(*) FROM stale_labels WHERE collection_id = $1", collection_id) == 0


async def test_a_label_that_is_set_before_the_task_runs_is_a_reference_at_once(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    collection_id, _, _ = tools
    taken = await world.document(collection_id, at(80), "Saw", source="import")
    affected = await corrected(world, taken, product_label=None)
    await corrected(world, taken, product_label="Pliers")
    assert (await world.decide(collection_id, at(80))).label_json == '"Pliers"'
    assert (await decided_again(world, affected))["processed"] == 0


async def test_a_correction_in_the_middle_concerns_what_comes_after(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    _, _, followers = tools
    affected = await corrected(world, followers[1], product_label="Saw")
    assert set(affected.document_ids) == set(followers[2:])
    await decided_again(world, affected)
    assert await labels(world, *followers) == ["Hammer", "Saw", "Saw", "Saw"]


async def test_what_people_said_stays(world: World, tools: tuple[str, str, list[str]]) -> None:
    _, first, followers = tools
    await corrected(world, followers[0], product_label="Hammer")
    affected = await corrected(world, first, product_label="Pliers")
    assert affected.document_ids == ()
    assert await labels(world, *followers) == ["Hammer"] * 4


@pytest.mark.parametrize("fields", [{"note": "x"}, {"product_label": "Hammer"}])
async def test_what_changes_no_label_concerns_nobody(
    world: World, tools: tuple[str, str, list[str]], fields: Json
) -> None:
    assert await corrected(world, tools[1], **fields) == Affected()


async def test_another_picture_of_the_example_is_another_example(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    _, first, followers = tools
    vector = np.asarray(at(90), dtype="<f2").tobytes()
    await world.pool.execute("UPDATE embeddings SET vector = $2 WHERE document_id = $1", first, vector)
    await world.refresh(first)
    async with world.pool.acquire() as connection, connection.transaction():
        assert await decide_waiting(connection, 100) == 4
    task_id = await world.pool.fetchval("SELECT task_id FROM tasks WHERE namespace_id = $1", world.namespace_id)
    await run(world, task_id)
    assert await labels(world, *followers) == [None] * 4


async def test_a_label_written_after_its_evidence_was_corrected_is_no_reference(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    collection_id, first, _ = tools
    await corrected(world, first, product_label="Pliers")
    late = await by_machine(world, collection_id, 1, "Hammer", first)
    decision = await world.decide(collection_id, at(1))
    assert decision.source_document_id == first
    async with world.pool.acquire() as connection, connection.transaction():
        assert await decide_waiting(connection, 100) == 1
    task_id = await world.pool.fetchval(
        "SELECT task_id FROM tasks WHERE namespace_id = $1 ORDER BY row_key DESC LIMIT 1", world.namespace_id
    )
    await run(world, task_id)
    assert await labels(world, late) == ["Pliers"]


async def test_a_cancelled_task_leaves_no_reference_behind(world: World, tools: tuple[str, str, list[str]]) -> None:
    collection_id, first, followers = tools
    affected = await corrected(world, first, product_label="Pliers")
    assert affected.task_id is not None
    await request_cancel(world.pool, affected.task_id)
    assert (await run(world, affected.task_id))["status"] == "CANCELED"
    assert await labels(world, *followers) == ["Hammer"] * 4
    assert (await world.decide(collection_id, at(8))).source_document_id == first
    taxonomy_id = await world.pool.fetchval(
        "SELECT taxonomy_id FROM taxonomies WHERE collection_id = $1", collection_id
    )
    await applied(world, collection_id, taxonomy_id)
    assert await labels(world, *followers) == ["Pliers"] * 4
    assert (await world.decide(collection_id, at(9))).source_document_id == followers[3]


async def test_a_task_ends_although_its_evidence_never_stands(
    world: World, tools: tuple[str, str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    collection_id, first, followers = tools
    affected = await corrected(world, first, product_label="Pliers")
    real = TaxonomyClient.ask

    async def always_late(self: TaxonomyClient, request: pb.EnrichRequest) -> list[tuple[Decision, ...]]:
        found = await real(self, request)
        lent = {"document_id": first, "field": LABEL, "value": "Hammer"}
        return [
            tuple(
                replace(each, values=tuple(replace(value, rests_on=(lent,)) for value in each.values)) for each in some
            )
            for some in found
        ]

    monkeypatch.setattr(TaxonomyClient, "ask", always_late)
    assert (await decided_again(world, affected))["processed"] == 16
    assert await labels(world, *followers) == [None] * 4
    assert await world.pool.fetchval("SELECT count(*) FROM stale_labels WHERE collection_id = $1", collection_id) == 0


async def test_a_writer_and_a_correction_at_once_leave_no_wrong_reference(world: World) -> None:
    collection_id = await world.tutorial(classifier(min_score=0.0), threshold=0.5)
    first = await world.document(collection_id, at(0), "Hammer")
    late = await world.document(collection_id, at(1))
    lent = {"document_id": first, "field": LABEL, "value": "Hammer"}
    labelled = {LABEL: {"source": "auto", "value": "Hammer", "rests_on": [lent]}}
    sql = "UPDATE documents SET fields = fields || $2, labels = $3 WHERE document_id = $1"
    for writer_first in (True, False):
        await world.pool.execute(sql, first, {LABEL: "Hammer"}, {LABEL: {"source": "human"}})
        await world.pool.execute(sql, late, {LABEL: None}, {})
        one: tuple[Any, ...]
        other: tuple[Any, ...]
        one, other = (late, {LABEL: "Hammer"}, labelled), (first, {LABEL: "Pliers"}, {LABEL: {"source": "human"}})
        if not writer_first:
            one, other = other, one
        async with world.pool.acquire() as slow, world.pool.acquire() as quick:
            transaction = slow.transaction()
            await transaction.start()
            await slow.execute(sql, *one)
            second = asyncio.ensure_future(quick.execute(sql, *other))
            await asyncio.sleep(0.1)
            assert not second.done(), "the second waits for the first to end"
            await transaction.commit()
            await second
        stale = await world.pool.fetch("SELECT document_id FROM stale_labels WHERE collection_id = $1", collection_id)
        assert [row["document_id"] for row in stale] == [late], writer_first


async def test_a_label_of_another_collection_falls_with_its_reference(world: World) -> None:
    library = await world.tutorial(classifier(min_score=0.0), threshold=0.5)
    first = await world.document(library, at(0), "Hammer")
    between = await by_machine(world, library, 5, "Hammer", first)
    shelf = await world.collection("shelf")
    config = {
        "taxonomy_type": "flat",
        "retriever_id": "ret_classifier",
        "confidence_threshold": 0.5,
        "source_collection": {"enrichment_fields": [{"field_path": LABEL, "target_field": "kind"}]},
    }
    taxonomy_id = await world.native(config, [{"retriever": "ret_classifier"}], ["kind"])
    await world.apply(shelf, taxonomy_id)
    document_id = await world.document(shelf, at(6))
    await applied(world, shelf, taxonomy_id)
    sql = "SELECT labels FROM documents WHERE document_id = $1"
    (lent,) = (await world.pool.fetchval(sql, document_id))["kind"]["rests_on"]
    assert lent == {"document_id": between, "field": LABEL, "value": "Hammer"}
    affected = await corrected(world, first, product_label="Pliers")
    assert set(affected.document_ids) == {between, document_id}
    await decided_again(world, affected)
    fields = await world.pool.fetchval("SELECT fields FROM documents WHERE document_id = $1", document_id)
    assert fields["kind"] == "Pliers"


@pytest.mark.parametrize("voted", [False, True])
async def test_a_vote_rests_on_all_who_voted_and_a_lone_decision_on_one(world: World, voted: bool) -> None:
    collection_id = await world.tutorial(classifier(min_score=0.0, top_k=3), threshold=0.5)
    options = {"decision": "vote", "top_k": 3} if voted else {}
    taxonomy_id = await world.pool.fetchval(
        "UPDATE taxonomies SET options = $2 WHERE collection_id = $1 RETURNING taxonomy_id", collection_id, options
    )
    examples = [await world.document(collection_id, at(degrees), "Hammer") for degrees in (0, 2, 4)]
    document_id = await world.document(collection_id, at(1.5))
    await applied(world, collection_id, taxonomy_id)
    entry = (await world.pool.fetchval("SELECT labels FROM documents WHERE document_id = $1", document_id))[LABEL]
    assert {lent["document_id"] for lent in entry["rests_on"]} == (set(examples) if voted else {examples[1]})
    affected = await corrected(world, examples[2], product_label="Pliers")
    assert affected.document_ids == ((document_id,) if voted else ())


async def test_a_label_that_was_taken_over_follows_the_document_that_it_came_from(
    world: World, tools: tuple[str, str, list[str]]
) -> None:
    _, first, followers = tools
    tier = await world.collection("crops")
    await world.pool.execute(
        "UPDATE collections SET feature_extractor = $2 WHERE collection_id = $1",
        tier,
        {"feature_extractor_name": "image_extractor", "field_passthrough": [{"source_path": LABEL}]},
    )
    sql = "SELECT object_id, fields, labels FROM documents WHERE document_id = $1"
    source = await world.pool.fetchrow(sql, followers[0])
    assert source is not None
    made = await world.document(tier, at(2), object_id=source["object_id"])
    await world.pool.execute(
        "UPDATE documents SET source_document_id = $2, fields = $3, labels = $4 WHERE document_id = $1",
        made,
        followers[0],
        source["fields"],
        source["labels"],
    )
    affected = await corrected(world, first, product_label="Pliers")
    assert made in affected.document_ids
    await decided_again(world, affected)
    found = await world.pool.fetchrow(sql, made)
    assert found is not None
    assert (found["fields"][LABEL], found["labels"][LABEL]["value"]) == ("Pliers", "Pliers")
    assert await world.pool.fetchval("SELECT count(*) FROM stale_labels WHERE document_id = $1", made) == 0
    affected = await corrected(world, first, product_label=None)
    await decided_again(world, affected)
    found = await world.pool.fetchrow(sql, made)
    assert found is not None
    assert (found["fields"][LABEL], found["labels"]) == (None, {})
