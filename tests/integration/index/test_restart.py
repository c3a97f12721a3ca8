"""However the index ended, it comes back equal to the database."""

import asyncio
import signal
from pathlib import Path

import pytest

from likeness.index.v1.index_pb2 import RebuildRequest, SnapshotRequest
from services.common.database.pool import open_pool
from services.common.grpc.client import call
from services.common.settings import Settings
from tests.support.index.corpus import Corpus, unit_vectors
from tests.support.index.index_client import (
    LABELLED,
    SECONDS,
    assert_equals_database,
    fingerprints,
    query,
    refresh,
    search,
)
from tests.support.index.running_index import IndexProcess, index_here, socket_address
from tests.support.postgres import Databases

IDS = [f"doc_{at:03}" for at in range(300)]


async def test_kill_9_during_uploads_and_snapshots_loses_nothing(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(300)
    often = settings.model_copy(update={"index_snapshot_seconds": 0.01})
    with socket_address() as address:
        process = IndexProcess(often, address)
        for killed_at in (100, 200):
            async with process.running() as stub:
                for at in range(killed_at - 100, killed_at):
                    await corpus.add([IDS[at]], vectors[at : at + 1])
                    await refresh(stub, IDS[at])
                if killed_at == 100:
                    await call(stub.Snapshot, SnapshotRequest(), seconds=SECONDS)
                assert await process.end(signal.SIGKILL) == -signal.SIGKILL
            await corpus.delete(IDS[killed_at - 50])
            await corpus.add([f"late_{killed_at}"], unit_vectors(1, seed=killed_at))
        async with process.running() as stub:
            await assert_equals_database(stub, corpus.db)
            assert await search(stub, [query(vectors[199])], top_k=1) == [[IDS[199]]]
            assert await process.end(signal.SIGTERM) == 0
        async with process.running() as stub:
            await assert_equals_database(stub, corpus.db)


@pytest.mark.parametrize("limit", [10_000, 50])
async def test_a_snapshot_is_caught_up_with_the_log(settings: Settings, corpus: Corpus, limit: int) -> None:
    settings = settings.model_copy(update={"index_exact_limit": limit})
    await corpus.add(IDS, unit_vectors(300), ["x"] * 300)
    async with index_here(settings) as stub:
        while [shard.mode for shard in await fingerprints(stub)] != ["exact" if limit > 300 else "hnsw"]:
            await asyncio.sleep(0.05)
    await corpus.delete(IDS[0])
    await corpus.replace(IDS[1], unit_vectors(1, seed=5)[0])
    await corpus.label(IDS[2], None)
    await corpus.add(["doc_new"], unit_vectors(1, seed=6))
    async with index_here(settings) as stub:
        await assert_equals_database(stub, corpus.db)
        [hits] = await search(stub, [query(unit_vectors(1, seed=5)[0])], top_k=300, view_filter_json=LABELLED)
        assert hits[0] == IDS[1]
        assert set(hits) == set(IDS) - {IDS[0], IDS[2]}


async def test_a_damaged_snapshot_is_rebuilt(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS, unit_vectors(300))
    async with index_here(settings) as stub:
        await call(stub.Snapshot, SnapshotRequest(), seconds=SECONDS)
    [vectors] = settings.data_dir.glob("index/*/*/vectors")
    content = bytearray(vectors.read_bytes())
    content[1000] ^= 255
    vectors.write_bytes(content)
    async with index_here(settings) as stub:
        await assert_equals_database(stub, corpus.db)


async def test_a_snapshot_of_another_database_is_not_believed(
    settings: Settings, corpus: Corpus, databases: Databases
) -> None:
    await corpus.add(IDS, unit_vectors(300))
    async with index_here(settings):
        pass
    name = databases.create()
    elsewhere = settings.model_copy(update={"database_url": databases.url(name)})
    async with await open_pool(elsewhere) as other:
        await (await Corpus(other).create()).add(IDS, unit_vectors(300, seed=8))
        async with index_here(elsewhere) as stub:
            await assert_equals_database(stub, other)
    databases.drop(name)


async def test_rows_that_no_log_tells_of_are_found_at_the_start(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS, unit_vectors(300))
    async with index_here(settings):
        pass
    await corpus.db.execute("ALTER TABLE documents DISABLE TRIGGER USER")
    for document_id in IDS[:100]:
        await corpus.delete(document_id)
    await corpus.add(["doc_unlogged"], unit_vectors(1, seed=3))
    await corpus.db.execute("ALTER TABLE documents ENABLE TRIGGER USER")
    async with index_here(settings) as stub:
        await assert_equals_database(stub, corpus.db)
        assert [shard.count for shard in await fingerprints(stub)] == [201]


async def test_a_snapshot_of_another_model_is_not_used(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS, unit_vectors(300))
    async with index_here(settings):
        pass
    before = generations(settings)
    await corpus.db.execute("UPDATE collections SET model = 'other'")
    async with index_here(settings) as stub:
        assert generations(settings) == []
        await assert_equals_database(stub, corpus.db)
    assert len(generations(settings)) == 1
    assert generations(settings) != before


async def test_an_unchanged_shard_is_not_written_again(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS, unit_vectors(300))
    async with index_here(settings):
        pass
    before = generations(settings)
    async with index_here(settings) as stub:
        await search(stub, [query(unit_vectors(1)[0])])
    assert generations(settings) == before


async def test_rebuild_reads_everything_anew(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS, unit_vectors(300), ["x"] * 300)
    async with index_here(settings) as stub:
        await search(stub, [query(unit_vectors(1)[0])], view_filter_json=LABELLED)
        response = await call(stub.Rebuild, RebuildRequest(), seconds=SECONDS)
        assert (response.shards, response.vectors) == (1, 300)
        await assert_equals_database(stub, corpus.db)
        [hits] = await search(stub, [query(unit_vectors(1)[0])], view_filter_json=LABELLED, top_k=400)
        assert len(hits) == 300


def generations(settings: Settings) -> list[Path]:
    return sorted(settings.data_dir.glob("index/*/[0-9]*"))
