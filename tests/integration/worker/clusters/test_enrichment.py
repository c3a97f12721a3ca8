"""What a run found is written into the documents that it grouped, step by step."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.common.database.clusters.cluster_runs import start_enrichment
from services.common.database.documents.edit_documents import Within, edit_document
from tests.integration.worker.bench import NAMESPACE, Bench
from tests.integration.worker.clusters.cluster_bench import (
    KMEANS,
    add_cluster,
    add_documents,
    blobs,
    members,
    run_to_end,
)

ENRICHING = {"enrich_source_collection": True}
# Takes no vectors, and so no time.
BY_COLOUR = {"attributes": ["colour"]}
COLOURS = [{"colour": colour} for colour in ("red", "green", "blue", "red", "green", "blue")]


@pytest.fixture
async def working(bench: Bench) -> AsyncIterator[Bench]:
    """A bench whose worker works."""
    async with bench.services(), bench.worker():
        yield bench


async def rows(bench: Bench, ids: list[str]) -> dict[str, asyncpg.Record]:
    found = await bench.pool.fetch("SELECT * FROM documents WHERE document_id = ANY($1)", ids)
    return {row["document_id"]: row for row in found}


async def updates(bench: Bench) -> list[str]:
    """The documents that were said to be updated, in order."""
    query = "SELECT subject_id FROM events WHERE event_type = 'document.updated' ORDER BY seq"
    return [row["subject_id"] for row in await bench.pool.fetch(query)]


async def rename(bench: Bench, run_id: str, labels: dict[str, str]) -> str:
    """Renames groups as the gateway does; the status of the task that follows, once it is over."""
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("UPDATE cluster_runs SET label_overrides = $2 WHERE run_id = $1", run_id, labels)
        task_id = await start_enrichment(connection, run_id)
    query = "SELECT status FROM tasks WHERE task_id = $1 AND status NOT IN ('PENDING', 'IN_PROGRESS')"
    async with asyncio.timeout(60):
        while (status := await bench.pool.fetchval(query, task_id)) is None:
            await asyncio.sleep(0.05)
    return str(status)


async def test_documents_say_which_group_they_are_in_once_the_task_has_ended(working: Bench) -> None:
    ids = await add_documents(working, list(blobs(12)))
    run = await run_to_end(working, await add_cluster(working, KMEANS, **ENRICHING))
    assert (run["task_status"], run["status"]) == ("COMPLETED", "completed")
    found = await rows(working, ids)
    numbers = await members(working, run["run_id"])
    assert {key: row["fields"]["cluster_id"] for key, row in found.items()} == {
        key: f"cl_{number}" for key, number in numbers.items()
    }
    for row in found.values():
        assert 0 <= row["fields"]["distance_to_centroid"] < 0.1
        assert row["labels"]["cluster_label"]["source"] == "auto"
        assert row["labels"]["cluster_label"]["value"] == row["fields"]["cluster_label"]
    assert set(await updates(working)) == set(ids)
    assert set(ids) <= set(working.index.refreshed)
    assert await working.pool.fetchval("SELECT enriched_documents FROM cluster_runs") == 12


async def test_a_cluster_that_does_not_enrich_leaves_documents_alone(working: Bench) -> None:
    ids = await add_documents(working, [None] * 6, fields=COLOURS)
    await run_to_end(working, await add_cluster(working, BY_COLOUR))
    assert [row["fields"].keys() for row in (await rows(working, ids)).values()] == [{"colour"}] * 6
    assert await updates(working) == []


async def test_fields_go_where_they_are_mapped_and_over_nothing_that_people_said(working: Bench) -> None:
    fields: list[dict[str, Any]] = [{"kind": None}, {"kind": "imported"}, {}, {}]
    ids = await add_documents(working, list(blobs(4, groups=2)), fields=fields)
    labels = {"kind": {"source": "import", "value": "imported"}}
    await working.pool.execute("UPDATE documents SET labels = $2 WHERE document_id = $1", ids[1], labels)
    mapping = {"field_mappings": [{"source_field": "cluster_label", "target_field": "metadata.kind"}]}
    config = {**KMEANS, "algorithm_params": {"n_clusters": 2}}
    run = await run_to_end(working, await add_cluster(working, config, **ENRICHING, source_enrichment_config=mapping))
    found = await rows(working, ids)
    assert found[ids[1]]["fields"] == {"kind": "imported"}
    assert found[ids[1]]["labels"] == labels
    assert all(row["fields"].keys() == {"kind"} and row["fields"]["kind"] for row in found.values())
    await edit(working, ids[0], "mine")
    assert await rename(working, run["run_id"], {"cl_0": "zero", "cl_1": "one"}) == "COMPLETED"
    found = await rows(working, ids)
    assert (found[ids[0]]["fields"]["kind"], found[ids[0]]["labels"]["kind"]["source"]) == ("mine", "human")
    assert {found[each]["fields"]["kind"] for each in ids[2:]} == {"zero", "one"}


async def edit(bench: Bench, document_id: str, label: str) -> None:
    async with bench.pool.acquire() as connection, connection.transaction():
        await edit_document(connection, Within(namespace_id=NAMESPACE), document_id, {"kind": label})


async def test_renaming_a_group_reaches_its_documents_and_no_others(working: Bench) -> None:
    ids = await add_documents(working, [None] * 6, fields=COLOURS)
    run = await run_to_end(working, await add_cluster(working, BY_COLOUR, **ENRICHING))
    before = await updates(working)
    assert await rename(working, run["run_id"], {"cl_1": "Boots"}) == "COMPLETED"
    numbers = await members(working, run["run_id"])
    found = await rows(working, ids)
    renamed = {key for key, row in found.items() if row["fields"]["cluster_label"] == "Boots"}
    assert renamed == {key for key, number in numbers.items() if number == 1}
    assert set((await updates(working))[len(before) :]) == renamed


async def test_a_later_run_has_the_last_word(working: Bench) -> None:
    ids = await add_documents(working, [None] * 6, fields=COLOURS)
    cluster_id = await add_cluster(working, BY_COLOUR, **ENRICHING)
    first = await run_to_end(working, cluster_id)
    outside = {"field": "cluster_id", "operator": "eq", "value": "cl_0"}
    second = await run_to_end(working, cluster_id, filters={"NOT": [outside]})
    found = await rows(working, ids)
    left = [row["fields"] for row in found.values() if row["fields"]["cluster_id"] is None]
    assert [each["cluster_label"] for each in left] == [None] * 2
    assert await rename(working, first["run_id"], {"cl_0": "old", "cl_1": "old 1", "cl_2": "old 2"}) == "COMPLETED"
    assert await rows(working, ids) == found
    assert await rename(working, second["run_id"], {"cl_0": "new"}) == "COMPLETED"
    assert "new" in {row["fields"]["cluster_label"] for row in (await rows(working, ids)).values()}


async def test_documents_that_came_later_are_assigned_and_enriched(working: Bench) -> None:
    early = await add_documents(working, list(blobs(9)))
    cluster_id = await add_cluster(working, KMEANS, **ENRICHING)
    first = await run_to_end(working, cluster_id)
    told = len(await updates(working))
    late = await add_documents(working, list(blobs(6, seed=1)))
    second = await run_to_end(working, cluster_id, "assign")
    assert (second["task_status"], second["base_run_id"]) == ("COMPLETED", first["run_id"])
    found = await rows(working, [*early, *late])
    for place, document_id in enumerate(late):
        twin = early[place % 3]
        for field in ("cluster_id", "cluster_label"):
            assert found[document_id]["fields"][field] == found[twin]["fields"][field]
    assert set((await updates(working))[told:]) == set(late)
    counts = await working.pool.fetch("SELECT member_count FROM cluster_groups WHERE run_id = $1", first["run_id"])
    assert sorted(row["member_count"] for row in counts) == [5, 5, 5]
