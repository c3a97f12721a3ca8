"""Search: inside the scope and never outside it, exactly as a brute force would rank."""

from typing import Any

import numpy as np
import pytest

from likeness.common.v1.vector_pb2 import Dtype, Vector
from likeness.index.v1.index_pb2 import DocumentIds, Query
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.grpc.client import call
from services.common.settings import Settings
from tests.support.index.corpus import Corpus, brute_force, object_of, unit_vectors
from tests.support.index.index_client import LABELLED, SECONDS, query, search, search_request
from tests.support.index.running_index import index_here

COUNT = 400
IDS = [f"doc_{at:03}" for at in range(COUNT)]
LABELS = ["cat" if at % 10 == 0 else None for at in range(COUNT)]


@pytest.mark.parametrize("limit", [10_000, 20])
async def test_every_scope_ranks_as_brute_force(settings: Settings, corpus: Corpus, limit: int) -> None:
    vectors = unit_vectors(COUNT)
    await corpus.add(IDS, vectors, LABELS)
    asked = unit_vectors(30, seed=1)
    chosen = IDS[3:300:7]
    scopes: dict[str, tuple[dict[str, Any], range]] = {
        "all": ({}, range(COUNT)),
        "view": ({"view_filter_json": LABELLED}, range(0, COUNT, 10)),
        "candidates": ({"candidates": DocumentIds(document_ids=chosen)}, range(3, 300, 7)),
    }
    async with index_here(settings.model_copy(update={"index_exact_limit": limit})) as stub:
        for name, (scope, members) in scopes.items():
            found = await search(stub, [query(each) for each in asked], **scope, top_k=7)
            for vector, hits in zip(asked, found, strict=True):
                scores = brute_force(vectors, query_vector(vector))
                best = sorted(members, key=lambda at: (-scores[at], at))[:7]
                assert hits == [IDS[at] for at in best], name


async def test_scores_are_cosines_from_0_to_1(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(3)
    await corpus.add(["doc_a", "doc_b", "doc_c"], np.stack([vectors[0], -vectors[0], vectors[1]]))
    async with index_here(settings) as stub:
        response = await call(stub.Search, search_request([query(vectors[0])]), seconds=SECONDS)
    scores = {hit.document_id: hit.score for hit in response.results[0].hits}
    assert scores["doc_a"] == pytest.approx(1.0, abs=1e-6)
    assert scores["doc_b"] == 0.0
    assert scores["doc_c"] == pytest.approx(max(0.0, float(brute_force(vectors, vectors[0])[1])), abs=1e-3)
    assert {hit.object_id for hit in response.results[0].hits} == {object_of(each) for each in scores}


async def test_equal_vectors_come_in_the_order_of_their_ids(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS[:100][::-1], np.repeat(unit_vectors(1), 100, axis=0))
    async with index_here(settings) as stub:
        assert await search(stub, [query(unit_vectors(1)[0])]) == [IDS[:5]]


async def test_excluding_an_object_of_many_documents_loses_no_hit(settings: Settings, corpus: Corpus) -> None:
    vector = unit_vectors(1)[0]
    await corpus.add([f"part_{at}" for at in range(150)], [vector] * 150, ["cat"] * 150, object_id="obj_many")
    await corpus.add(IDS[:10], unit_vectors(10, seed=1), ["cat"] * 10)
    async with index_here(settings) as stub:
        for scope in ({}, {"view_filter_json": LABELLED}):
            [hits] = await search(stub, [query(vector, "obj_many")], top_k=10, **scope)
            assert sorted(hits) == IDS[:10]
            with_object, without = await search(stub, [query(vector), query(vector, "obj_many")], top_k=3, **scope)
            assert all(hit.startswith("part_") for hit in with_object)
            assert set(without) <= set(IDS[:10])


async def test_a_document_asks_with_its_stored_vector(settings: Settings, corpus: Corpus) -> None:
    vectors = unit_vectors(COUNT)
    await corpus.add(IDS, vectors)
    async with index_here(settings) as stub:
        by_document = await search(stub, [Query(document_id=each) for each in IDS[:20]])
        by_vector = await search(stub, [query(vector) for vector in vectors[:20]])
        assert by_document == by_vector
        await corpus.add(["doc_untold"], unit_vectors(1, seed=2))
        assert (await search(stub, [Query(document_id="doc_untold")], top_k=1)) == [["doc_untold"]]
        with pytest.raises(NotFoundError, match="doc_nowhere"):
            await search(stub, [Query(document_id="doc_nowhere")])


async def test_unknown_collections_and_features_hold_nothing(settings: Settings, corpus: Corpus) -> None:
    await corpus.add(IDS[:3], unit_vectors(3))
    asked = [query(unit_vectors(1)[0])] * 2
    async with index_here(settings) as stub:
        assert await search(stub, asked, collection_ids=["col_nowhere"]) == [[], []]
        assert await search(stub, asked, feature_uri="mipxeek://other@v1/none") == [[], []]
        assert await search(stub, [], collection_ids=["col_a"]) == []


async def test_namespaces_are_apart(settings: Settings, corpus: Corpus) -> None:
    other = await Corpus(corpus.db, "col_b", "ns_b").create()
    vector = unit_vectors(1)[0]
    await corpus.add(["doc_a"], [vector], ["x"])
    await other.add(["doc_b"], [vector], ["x"])
    both = ["col_a", "col_b"]
    async with index_here(settings) as stub:
        for namespace, own in (("ns_a", "doc_a"), ("ns_b", "doc_b"), ("ns_c", None), ("", None)):
            expected = [[own] if own else []]
            for scope in (
                {},
                {"view_filter_json": LABELLED},
                {"candidates": DocumentIds(document_ids=["doc_a", "doc_b"])},
            ):
                asked = {"namespace_id": namespace, "collection_ids": both, **scope}
                assert await search(stub, [query(vector)], **asked) == expected
        with pytest.raises(NotFoundError):
            await search(stub, [Query(document_id="doc_b")], namespace_id="ns_a")


async def test_collections_are_merged_in_one_order(settings: Settings, corpus: Corpus) -> None:
    other = await Corpus(corpus.db, "col_b").create()
    vectors = unit_vectors(COUNT)
    await corpus.add(IDS[::2], vectors[::2], LABELS[::2])
    await other.add(IDS[1::2], vectors[1::2], ["dog"] * (COUNT // 2))
    asked = unit_vectors(10, seed=1)
    async with index_here(settings) as stub:
        found = await search(stub, [query(each) for each in asked], collection_ids=["col_a", "col_b", "col_a"])
        labelled = await search(
            stub, [query(each) for each in asked], collection_ids=["col_a", "col_b"], view_filter_json=LABELLED
        )
    for vector, hits, few in zip(asked, found, labelled, strict=True):
        order = np.argsort(-brute_force(vectors, query_vector(vector)), kind="stable").tolist()
        assert hits == [IDS[at] for at in order[:5]]
        assert few == [IDS[at] for at in order if at % 2 or LABELS[at]][:5]


async def test_filters_that_say_the_same_share_a_view(settings: Settings, corpus: Corpus) -> None:
    from tests.support.index.index_client import fingerprints

    await corpus.add(IDS, unit_vectors(COUNT), LABELS)
    same = [
        '{"field":"label","operator":"eq","value":"cat"}',
        '{ "operator": "eq", "value": "cat", "field": "label" }',
        '{"AND":[{"field":"label","operator":"eq","value":"cat"}]}',
        '{"must":[{"field":"label","operator":"eq","value":"cat"}]}',
    ]
    async with index_here(settings) as stub:
        for text in same:
            await search(stub, [query(unit_vectors(1)[0])], view_filter_json=text)
        await search(stub, [query(unit_vectors(1)[0])], view_filter_json="{}")
        [shard] = await fingerprints(stub)
        assert [view.count for view in shard.views] == [COUNT // 10]


async def test_bad_rows_are_left_out(settings: Settings, corpus: Corpus) -> None:
    bad = unit_vectors(3)
    bad[0, 0], bad[1], bad[2] = np.nan, 0, bad[2] * 3
    await corpus.add(IDS[:5], unit_vectors(5, seed=1))
    await corpus.add(["doc_nan", "doc_zero", "doc_long"], bad)
    await corpus.add(["doc_short"], unit_vectors(1, 8))
    async with index_here(settings) as stub:
        assert [sorted(hits) for hits in await search(stub, [query(unit_vectors(1)[0])], top_k=50)] == [IDS[:5]]
        assert (await call(stub.Search, search_request([query(unit_vectors(1)[0])]), seconds=SECONDS)).results


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        (
            {"queries": [Query(vector=Vector(data=b"\x00\x7e" * 32, dtype=Dtype.DTYPE_FLOAT16, dimensions=32))]},
            "queries.0",
        ),
        ({"queries": [Query(vector=Vector(data=b"", dtype=Dtype.DTYPE_FLOAT16, dimensions=0))]}, "queries.0"),
        ({"queries": [query(unit_vectors(1, 16)[0])]}, "16 dimensions.*32"),
        ({"queries": [Query()]}, "queries.0"),
        ({"queries": [query(unit_vectors(1)[0])], "top_k": 0}, "top_k"),
        ({"queries": [query(unit_vectors(1)[0])], "view_filter_json": '{"field":'}, "view_filter_json"),
        (
            {
                "queries": [query(unit_vectors(1)[0])],
                "view_filter_json": '{"field":"label","operator":"eq","value":"{{INPUT.x}}"}',
            },
            "template",
        ),
    ],
)
async def test_bad_questions_are_refused(
    settings: Settings, corpus: Corpus, fields: dict[str, object], path: str
) -> None:
    await corpus.add(IDS[:3], unit_vectors(3))
    async with index_here(settings) as stub:
        with pytest.raises(InvalidArgumentError, match=path):
            await search(stub, **{"queries": [], **fields})  # type: ignore[arg-type]


def query_vector(vector: np.ndarray[tuple[int], np.dtype[np.float16]]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """What the server computes with: the vector as it crossed the wire."""
    return np.frombuffer(query(vector).vector.data, dtype="<f2").astype(np.float32)
