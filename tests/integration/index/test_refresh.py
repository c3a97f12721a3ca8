"""Refresh: when it answers, every later search sees the documents as they are."""

import asyncio
from typing import TYPE_CHECKING

import asyncpg

from likeness.index.v1.index_pb2 import DocumentIds
from services.common.database.pool import Pool, prepare_connection
from services.common.settings import Settings
from tests.support.index.corpus import Corpus, unit_vectors
from tests.support.index.index_client import LABELLED, assert_equals_database, fingerprints, query, refresh, search
from tests.support.index.running_index import index_here

if TYPE_CHECKING:
    from likeness.index.v1.index_service_pb2_grpc import IndexServiceAsyncStub


async def test_a_search_after_refresh_sees_the_new_document(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(20)
    async with index_here(settings) as stub:
        for at, vector in enumerate(vectors):
            await corpus.add([f"doc_{at}"], [vector])
            assert await refresh(stub, f"doc_{at}") == (1, 0)
            assert (await search(stub, [query(vector)], top_k=1)) == [[f"doc_{at}"]]


async def test_a_label_is_in_the_view_when_refresh_answers(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(50)
    ids = [f"doc_{at}" for at in range(50)]
    await corpus.add(ids, vectors)
    async with index_here(settings) as stub:
        assert await search(stub, [query(vectors[0])], view_filter_json=LABELLED) == [[]]
        for document_id, vector in zip(ids, vectors, strict=True):
            await corpus.label(document_id, "cat")
            await refresh(stub, document_id)
            assert (await search(stub, [query(vector)], view_filter_json=LABELLED, top_k=1)) == [[document_id]]
            await corpus.label(document_id, None)
            await refresh(stub, document_id)
            assert document_id not in (await search(stub, [query(vector)], view_filter_json=LABELLED))[0]


async def test_a_deleted_document_is_gone_everywhere(settings: Settings, corpus: Corpus, pool: Pool) -> None:
    vectors = unit_vectors(3)
    await corpus.add(["doc_a", "doc_b", "doc_c"], vectors, ["x", "x", "x"])
    async with index_here(settings) as stub:
        await search(stub, [query(vectors[0])], view_filter_json=LABELLED)
        await corpus.delete("doc_a")
        assert await refresh(stub, "doc_a", "doc_b") == (1, 1)
        for scope in ({}, {"view_filter_json": LABELLED}, {"candidates": DocumentIds(document_ids=["doc_a", "doc_b"])}):
            assert "doc_a" not in (await search(stub, [query(vectors[0])], **scope))[0]
        await assert_equals_database(stub, pool)


async def test_many_callers_at_once_are_all_answered_rightly(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(200)
    async with index_here(settings) as stub:

        async def upload(at: int) -> None:
            await corpus.add([f"doc_{at}"], [vectors[at]], ["x"])
            assert await refresh(stub, f"doc_{at}") == (1, 0)
            found = await search(stub, [query(vectors[at])], view_filter_json=LABELLED, top_k=1)
            assert found == [[f"doc_{at}"]]

        await asyncio.gather(*map(upload, range(200)))
        await assert_equals_database(stub, corpus.db)


async def test_what_nobody_tells_of_is_learnt_from_the_log(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(["doc_a"], unit_vectors(1))
    async with index_here(settings) as stub:
        await corpus.add(["doc_b", "doc_c"], unit_vectors(2, seed=1))
        await corpus.delete("doc_a")
        await assert_equals_database(stub, corpus.db)
        assert [shard.count for shard in await fingerprints(stub)] == [2]


async def test_a_transaction_that_commits_late_is_not_skipped(
    settings: Settings, corpus: Corpus, database_url: str
) -> None:
    slow = await asyncpg.connect(database_url)
    await prepare_connection(slow)
    async with index_here(settings) as stub:
        transaction = slow.transaction()
        await transaction.start()
        await corpus.add(["doc_slow"], unit_vectors(1), db=slow)
        for at in range(5):
            await corpus.add([f"doc_{at}"], unit_vectors(1, seed=at + 1))
            await assert_equals_database(stub, corpus.db)
        await transaction.commit()
        await assert_equals_database(stub, corpus.db)
        assert [shard.count for shard in await fingerprints(stub)] == [6]
    await slow.close()


async def test_the_log_is_followed_while_many_transactions_overlap(
    settings: Settings, corpus: Corpus, pool: Pool
) -> None:
    async def write(at: int) -> None:
        async with pool.acquire() as connection, connection.transaction():
            await corpus.add([f"doc_{at}"], unit_vectors(1, seed=at), db=connection)
            await asyncio.sleep(0.001 * (at % 7))

    async with index_here(settings) as stub:
        for start in range(0, 200, 20):
            await asyncio.gather(
                *(write(at) for at in range(start, start + 20)), fingerprints(stub), fingerprints(stub)
            )
        await assert_equals_database(stub, corpus.db)
        assert [shard.count for shard in await fingerprints(stub)] == [200]


async def test_views_built_during_changes_miss_none_of_them(settings: Settings, corpus: Corpus) -> None:
    ids = [f"doc_{at}" for at in range(300)]
    await corpus.add(ids, unit_vectors(300), ["cat"] * 300)

    async def change(stub: "IndexServiceAsyncStub", at: int) -> None:
        await corpus.label(ids[at], "dog" if at % 2 else None)
        await corpus.replace(ids[at], unit_vectors(1, seed=at)[0])
        await refresh(stub, ids[at])

    async with index_here(settings) as stub:
        for start in range(0, 300, 30):
            built = f'{{"AND":[{{"field":"label","operator":"ne","value":"x{start}"}},{LABELLED}]}}'
            asked = search(stub, [query(unit_vectors(1)[0])], view_filter_json=built)
            await asyncio.gather(*(change(stub, at) for at in range(start, start + 30)), asked)
        changed = set(ids[0:300:2])
        [shard] = await fingerprints(stub)
        assert len(shard.views) == 10
        assert {(view.count, view.digest) for view in shard.views} == {(150, shard.views[0].digest)}
        [hits] = await search(stub, [query(unit_vectors(1)[0])], view_filter_json=LABELLED, top_k=400)
        assert set(hits) == set(ids) - changed
        [shard] = await fingerprints(stub)
        assert len({view.digest for view in shard.views}) == 1
