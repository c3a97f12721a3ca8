"""Executing retrievers on real services: scopes, queries, pages and what each stage reports."""

import json
import math
from typing import Any

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import InvalidArgumentError, LikenessError, NotFoundError
from services.common.grpc.client import call
from services.taxonomy.stages.search.vector_search import MOST_CANDIDATES
from tests.integration.taxonomy.world import (
    LABELLED,
    MODEL,
    World,
    at,
    attribute_filter,
    by_vector,
    classifier,
    feature_search,
    ids,
)
from tests.support.tutorial.option_a import SLOT

SHOES = {"field": "kind", "operator": "eq", "value": "shoe"}


def counts(response: pb.ExecuteRetrieverResponse) -> list[tuple[str, int, int]]:
    return [(stage.stage_name, stage.input_count, stage.output_count) for stage in response.stages]


async def shelf(world: World, size: int = 6) -> tuple[str, list[str]]:
    """Documents at 0, 10, 20 ... degrees, shoes and hats in turn; returns the collection and the documents."""
    collection_id = await world.collection()
    kinds = ("shoe", "hat")
    return collection_id, [
        await world.document(collection_id, at(10 * n), f"label {n}", kind=kinds[n % 2], rank=n) for n in range(size)
    ]


async def many_documents(world: World, collection_id: str, count: int) -> None:
    """Documents without a label, of rank 1, all at 90 degrees."""
    await world.pool.execute(
        """WITH o AS (INSERT INTO objects (object_id, namespace_id, bucket_id)
             SELECT $1 || n, $1, $2 FROM generate_series(1, $4::int) n RETURNING object_id),
           d AS (INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
             SELECT 'doc_' || object_id, $1, $3, $2, object_id, 0, '{"product_label": null, "rank": 1}' FROM o
             RETURNING document_id)
           INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
           SELECT document_id, $5, $6, 3, '\\x0000003c0000' FROM d""",
        world.namespace_id,
        world.bucket_id,
        collection_id,
        count,
        SLOT,
        MODEL,
    )


async def test_a_search_ranks_by_raw_similarity(world: World) -> None:
    _, documents = await shelf(world)
    response = await world.execute([by_vector(at(0))])
    assert ids(response) == documents
    expected = [math.cos(math.radians(10 * n)) for n in range(6)]
    assert [document.score for document in response.documents] == pytest.approx(expected, abs=1e-3)


async def test_a_filter_before_the_search_is_pushed_into_it(world: World) -> None:
    _, documents = await shelf(world)
    response = await world.execute([attribute_filter(SHOES), by_vector(at(50), top_k=2)])
    assert ids(response) == [documents[4], documents[2]]
    assert counts(response) == [("labeled_filter", 6, 3), ("image_match", 3, 2)]
    assert all(stage.duration_ms >= 0 for stage in response.stages)


async def test_a_filter_after_the_search_narrows_what_was_found(world: World) -> None:
    _, documents = await shelf(world)
    response = await world.execute([by_vector(at(0), top_k=3), attribute_filter(SHOES, "after")])
    assert ids(response) == [documents[0], documents[2]]
    assert counts(response) == [("image_match", 6, 3), ("after", 3, 2)]


async def test_a_search_after_a_search_stays_inside_the_first(world: World) -> None:
    _, documents = await shelf(world)
    response = await world.execute([by_vector(at(0), top_k=3), by_vector(at(50), top_k=2)])
    assert ids(response) == [documents[2], documents[1]]


async def test_min_score_and_top_k_and_final_top_k_limit_a_search(world: World) -> None:
    _, documents = await shelf(world)
    assert ids(await world.execute([by_vector(at(0), min_score=0.95)])) == documents[:2]
    assert ids(await world.execute([by_vector(at(0), top_k=1)])) == documents[:1]
    assert ids(await world.execute([by_vector(at(0), final_top_k=3)])) == documents[:3]


async def test_filters_alone_list_every_document_in_pages(world: World) -> None:
    _, documents = await shelf(world)
    stages = [attribute_filter(SHOES)]
    everything = await world.execute(stages)
    assert (ids(everything), everything.total) == (documents[::2], 3)
    assert [document.score for document in everything.documents] == [1.0] * 3
    page = await world.execute(stages, limit=2, offset=1)
    assert (ids(page), page.total) == ([documents[2], documents[4]], 3)
    assert counts(page) == [("labeled_filter", 6, 3)]


async def test_filters_alone_are_not_capped_at_a_thousand(world: World) -> None:
    collection_id = await world.collection()
    await many_documents(world, collection_id, 2500)
    config = {"field": "product_label", "operator": "exists", "value": False}
    stages = [{"stage_name": "s", "config": {"stage_id": "attribute_filter", "parameters": config}}]
    response = await world.execute(stages, limit=2000, offset=1000)
    assert (len(response.documents), response.total) == (1500, 2500)


async def test_a_page_of_a_search(world: World) -> None:
    _, documents = await shelf(world)
    response = await world.execute([by_vector(at(0))], limit=2, offset=3)
    assert (ids(response), response.total) == (documents[3:5], 6)


async def test_filters_of_the_request_are_added(world: World) -> None:
    _, documents = await shelf(world)
    wanted = {"field": "rank", "operator": "gte", "value": 2}
    assert ids(await world.execute([by_vector(at(0), top_k=1)], filters=wanted)) == [documents[2]]
    response = await world.execute([attribute_filter(SHOES), by_vector(at(0))], filters=wanted)
    assert ids(response) == [documents[2], documents[4]]
    assert counts(response) == [("labeled_filter", 4, 2), ("image_match", 2, 2)]
    assert ids(await world.execute([attribute_filter(SHOES)], filters=wanted)) == [documents[2], documents[4]]


async def test_a_filter_of_the_request_may_leave_more_candidates_than_are_sent(world: World) -> None:
    collection_id = await world.collection()
    await many_documents(world, collection_id, MOST_CANDIDATES + 50)
    nearest = await world.document(collection_id, at(0), rank=1)
    await world.document(collection_id, at(0), rank=2)
    response = await world.execute([by_vector(at(0), top_k=3)], filters={"field": "rank", "value": 1})
    assert ids(response)[0] == nearest
    assert counts(response) == [("image_match", MOST_CANDIDATES + 51, 3)]


async def test_filters_that_leave_nobody_find_nobody(world: World) -> None:
    await shelf(world)
    response = await world.execute([by_vector(at(0))], filters={"field": "rank", "operator": "gt", "value": 99})
    assert (ids(response), response.total) == ([], 0)


async def test_a_filter_may_depend_on_inputs(world: World) -> None:
    _, documents = await shelf(world)
    stages = [attribute_filter({"field": "kind", "operator": "eq", "value": "{{INPUT.kind}}"}), by_vector(at(0))]
    assert ids(await world.execute(stages, inputs={"kind": "hat"})) == documents[1::2]
    assert ids(await world.execute(stages, inputs={"kind": "shoe"})) == documents[::2]
    ranks = [attribute_filter({"field": "rank", "operator": "in", "value": "{{INPUT.ranks}}"})]
    assert ids(await world.execute(ranks, inputs={"ranks": [1, 4]})) == [documents[1], documents[4]]


async def test_a_filter_of_one_search_narrows_only_that_search(world: World) -> None:
    _, documents = await shelf(world)
    stage = by_vector(at(0), top_k=2, filters=SHOES)
    assert ids(await world.execute([stage])) == [documents[0], documents[2]]
    dynamic = by_vector(at(0), top_k=2, filters={**SHOES, "value": "{{INPUT.kind}}"})
    assert ids(await world.execute([dynamic], inputs={"kind": "hat"})) == [documents[1], documents[3]]
    after = [by_vector(at(0), top_k=3), dynamic]
    assert ids(await world.execute(after, inputs={"kind": "hat"})) == [documents[1]]


async def test_several_searches_are_fused(world: World) -> None:
    _, documents = await shelf(world)
    stage = by_vector(at(0), top_k=2)
    searches = stage["config"]["parameters"]["searches"]
    searches.append({**searches[0], "query": {"input_mode": "vector", "value": at(20)}, "top_k": 1})
    stage["config"]["parameters"]["fusion"] = "max"
    response = await world.execute([stage])
    assert set(ids(response)) == {documents[0], documents[1], documents[2]}
    assert response.documents[0].score == pytest.approx(1.0, abs=1e-3)


async def test_a_stored_document_can_be_the_query(world: World) -> None:
    _, documents = await shelf(world)
    reference = {"input_mode": "document", "document_ref": {"document_id": "{{INPUT.like}}"}}
    response = await world.execute([feature_search(query=reference, top_k=1)], inputs={"like": documents[3]})
    assert ids(response) == [documents[3]]


async def test_a_vector_may_come_as_an_input(world: World) -> None:
    _, documents = await shelf(world)
    query = {"input_mode": "vector", "value": "{{INPUT.vector}}"}
    response = await world.execute([feature_search(query=query, top_k=1)], inputs={"vector": [0, 5, 0]})
    assert ids(response) == [documents[5]]


async def test_an_empty_query_is_an_error_or_skipped(world: World) -> None:
    _, documents = await shelf(world)
    with pytest.raises(InvalidArgumentError) as caught:
        await world.execute([feature_search()])
    assert caught.value.details["path"] == "stages.0.config.parameters.searches.0.query.value"
    response = await world.execute([attribute_filter(SHOES), feature_search(on_empty="skip")])
    assert ids(response) == documents[::2]


@pytest.mark.parametrize(
    "uri",
    [
        SLOT,
        "mixpeek://image_extractor@v1/embedding",
        f"mixpeek://image_extractor@v1/{MODEL}",
        "mixpeek://image_extractor@v1/image_extractor_v1_embedding",
    ],
)
async def test_a_feature_is_found_under_every_spelling(world: World, uri: str) -> None:
    _, documents = await shelf(world, 1)
    assert ids(await world.execute([by_vector(at(0), feature_uri=uri)])) == documents


async def test_an_unknown_feature_is_refused_with_those_that_exist(world: World) -> None:
    await shelf(world, 1)
    with pytest.raises(InvalidArgumentError, match=SLOT) as caught:
        await world.execute([by_vector(at(0), feature_uri="mixpeek://face_identity_extractor@v1/arcface")])
    assert caught.value.details["path"] == "stages.0.config.parameters.searches.0.feature_uri"


async def test_collections_of_two_models_each_get_a_vector_of_their_own(world: World) -> None:
    small = await world.collection("small", dimensions=3)
    large = await world.collection("large", model="google_siglip_base_v1", dimensions=4)
    near = await world.document(small, at(10))
    await world.document(large, [*at(0), 0.0])
    query = {"input_mode": "document", "document_ref": {"document_id": near}}
    with pytest.raises(NotFoundError, match="google_siglip_base_v1"):
        await world.execute([feature_search(query=query)], "small", "large")
    assert ids(await world.execute([feature_search(query=query)], "small")) == [near]


async def test_several_collections_are_searched_as_one(world: World) -> None:
    first, second = await world.collection("first"), await world.collection("second")
    far = await world.document(first, at(30))
    near = await world.document(second, at(10))
    response = await world.execute([by_vector(at(0), top_k=2)], "first", "col_second", second)
    assert ids(response) == [near, far]
    assert [document.collection_id for document in response.documents] == [second, first]


async def test_a_stored_retriever_is_found_by_id_name_and_prefixed_name(world: World) -> None:
    _, documents = await shelf(world)
    retriever_id = await world.retriever([attribute_filter(SHOES)], "products", name="the-shoes")
    for identifier in (retriever_id, "the-shoes", "ret_the-shoes"):
        assert ids(await world.execute(identifier)) == documents[::2]


async def test_a_stored_retriever_over_a_collection_that_is_not_there_is_not_found(world: World) -> None:
    await world.retriever([attribute_filter(LABELLED)], "later")
    with pytest.raises(NotFoundError, match="'later'"):
        await world.execute("classifier")
    collection_id = await world.collection("later")
    document_id = await world.document(collection_id, at(0), "shoe")
    assert ids(await world.execute("classifier")) == [document_id]


async def test_an_unknown_retriever_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError) as caught:
        await world.execute("ret_nowhere")
    assert caught.value.details == {"resource": "retriever", "id": "ret_nowhere"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"inputs_json": "[1]"}, "inputs"),
        ({"inputs_json": "{"}, "inputs"),
        ({"filters_json": '{"field": "x", "operator": "near"}'}, "filters.operator"),
        ({"stages_json": "{"}, "stages"),
    ],
)
async def test_a_bad_request_is_named_by_its_path(world: World, change: dict[str, Any], path: str) -> None:
    await world.collection()
    good = {"stages_json": f"[{STAGE}]", "collection_identifiers": ["products"], "namespace_id": world.namespace_id}
    with pytest.raises(InvalidArgumentError) as caught:
        await call(world.service.ExecuteRetriever, pb.ExecuteRetrieverRequest(**{**good, **change}), seconds=10)
    assert caught.value.details["path"] == path


STAGE = '{"type": "attribute_filter", "field": "kind", "operator": "exists"}'


@pytest.mark.parametrize("attack", ["{{''.__class__.__mro__}}", "{{lipsum.__globals__}}", "{{INPUT|attr('x')}}"])
async def test_an_escape_from_the_template_sandbox_is_the_users_fault(world: World, attack: str) -> None:
    await world.collection()
    for stage in (attribute_filter({"field": "kind", "value": attack}), feature_search(query=attack)):
        with pytest.raises(LikenessError) as caught:
            await world.execute([stage])
        assert 400 <= caught.value.http < 500


async def test_a_regular_expression_that_only_the_database_refuses_is_the_users_fault(world: World) -> None:
    await shelf(world, 1)
    with pytest.raises(InvalidArgumentError):
        await world.execute([attribute_filter({"field": "kind", "operator": "regex", "value": "a{300}"})])


async def test_check_names_the_slots_of_sound_stages(world: World) -> None:
    request = pb.CheckRetrieverRequest(stages_json=json.dumps(classifier()))
    response = await call(world.service.CheckRetriever, request, seconds=10)
    assert [feature.feature_uri for feature in response.features] == [SLOT]


async def test_check_refuses_unsound_stages(world: World) -> None:
    request = pb.CheckRetrieverRequest(stages_json='[{"config": {"stage_id": "llm_filter"}}]')
    with pytest.raises(InvalidArgumentError, match=r"stages\.0\.config\.stage_id"):
        await call(world.service.CheckRetriever, request, seconds=10)


async def test_content_without_an_extractor_is_unavailable(world: World) -> None:
    await shelf(world, 1)
    query = {"input_mode": "content", "value": "{{INPUT.image}}"}
    with pytest.raises(LikenessError) as caught:
        await world.execute([feature_search(query=query)], inputs={"image": "aGVsbG8="})
    assert caught.value.http == 503


@pytest.mark.parametrize("image", ["http://127.0.0.1:1/x.jpg", "file:///etc/passwd", "not base64!", "ftp://x/y"])
async def test_content_that_cannot_be_had_is_the_users_fault(world: World, image: str) -> None:
    await shelf(world, 1)
    query = {"input_mode": "content", "value": "{{INPUT.image}}"}
    with pytest.raises(InvalidArgumentError) as caught:
        await world.execute([feature_search(query=query)], inputs={"image": image})
    assert caught.value.details["path"] == "stages.0.config.parameters.searches.0.query.value"
