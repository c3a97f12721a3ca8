"""The stages after a search, on real services: each works on documents with their fields."""

import json
from typing import Any

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import InvalidArgumentError, NotFoundError
from tests.integration.taxonomy.world import World, at, attribute_filter, by_vector, ids
from tests.support.tutorial.option_a import SLOT

JsonObject = dict[str, Any]


def stage(stage_id: str, **parameters: Any) -> JsonObject:
    return {"stage_name": stage_id, "config": {"stage_id": stage_id, "parameters": parameters}}


def added(response: pb.ExecuteRetrieverResponse) -> list[JsonObject]:
    return [json.loads(document.fields_json) if document.fields_json else {} for document in response.documents]


def notes(response: pb.ExecuteRetrieverResponse, position: int = -1) -> JsonObject:
    found: JsonObject = json.loads(response.stages[position].metadata_json or "{}")
    return found


async def shelf(world: World) -> list[str]:
    """Six documents at 0, 10, 20 ... degrees: kinds in turn, ranks falling, the last one without a price."""
    collection_id = await world.collection()
    return [
        await world.document(
            collection_id,
            at(10 * n),
            f"label {n}",
            kind=("shoe", "hat")[n % 2],
            rank=10 - n,
            tags=["a", "b"][: n % 3],
            price=None if n == 5 else n * 1.5,
        )
        for n in range(6)
    ]


SEARCH = by_vector(at(0))


async def test_a_field_sorts_what_was_found(world: World) -> None:
    documents = await shelf(world)
    assert ids(await world.execute([SEARCH, stage("sort_attribute", field="rank", direction="asc")])) == documents[::-1]
    assert ids(await world.execute([SEARCH, stage("sort_attribute", sort_field="price")]))[-1] == documents[5]


async def test_a_field_sorts_a_whole_collection_in_pages(world: World) -> None:
    documents = await shelf(world)
    stages = [stage("sort_attribute", field="metadata.rank", direction="asc")]
    assert ids(await world.execute(stages, limit=2, offset=1)) == [documents[4], documents[3]]
    shoes = attribute_filter({"field": "kind", "value": "shoe"})
    assert ids(await world.execute([shoes, *stages, stage("limit", limit=2)])) == [documents[4], documents[2]]


async def test_a_sample_is_drawn_from_everything_and_again_by_its_seed(world: World) -> None:
    documents = await shelf(world)
    stages = [stage("sample", count=3, seed=7)]
    first = ids(await world.execute(stages))
    assert len(set(first)) == 3
    assert set(first) <= set(documents)
    assert ids(await world.execute(stages)) == first
    others = {tuple(ids(await world.execute([stage("sample", count=3, seed=n)]))) for n in range(20)}
    assert len(others) > 1


async def test_groups_carry_their_documents(world: World) -> None:
    documents = await shelf(world)
    response = await world.execute([SEARCH, stage("group_by", group_by_field="kind", max_per_group=2)])
    assert ids(response) == documents[:2]
    shoes, hats = added(response)
    assert (shoes["group_key"], shoes["group_count"]) == ("shoe", 3)
    assert [each["document_id"] for each in hats["group_documents"]] == [documents[1], documents[3]]
    first = await world.execute([SEARCH, stage("group_by", field="kind", output_mode="first")])
    assert ids(first) == documents[:2]


async def test_a_search_groups_and_counts_facets_over_all_that_it_looked_at(world: World) -> None:
    documents = await shelf(world)
    search = by_vector(at(0), top_k=3)
    search["config"]["parameters"] |= {"facets": [{"key": "kind"}, "tags"], "group_by": {"field": "kind"}}
    response = await world.execute([attribute_filter({"field": "rank", "operator": "gt", "value": 5}), search])
    assert ids(response) == documents[:2]
    kinds, tags = notes(response)["facets"]
    assert kinds == {"key": "kind", "values": [{"value": "shoe", "count": 3}, {"value": "hat", "count": 2}]}
    assert tags["values"] == [{"value": "a", "count": 3}, {"value": "b", "count": 1}]


async def test_aggregations_are_notes_of_their_stage(world: World) -> None:
    await shelf(world)
    aggregations = [{"function": "count", "alias": "n"}, {"function": "avg", "field": "price", "alias": "mean"}]
    response = await world.execute([stage("aggregate", aggregations=aggregations, group_by=["kind"], sort_by="n")])
    assert ids(response) == []
    assert notes(response)["aggregations"] == [
        {"kind": "shoe", "n": 3, "mean": 3.0},
        {"kind": "hat", "n": 3, "mean": 3.0},
    ]


async def test_documents_are_made_anew_by_a_template(world: World) -> None:
    documents = await shelf(world)
    template = '{"id": "{{ DOC.document_id }}", "what": {{ doc.kind | tojson }}, "for": {{ INPUT.who | tojson }}}'
    response = await world.execute(
        [by_vector(at(0), top_k=1), stage("json_transform", template=template)], inputs={"who": "me"}
    )
    assert added(response) == [{"id": documents[0], "what": "shoe", "for": "me"}]
    assert response.documents[0].replaced
    filtered = attribute_filter({"field": "what", "value": "hat"}, "after")
    assert ids(await world.execute([SEARCH, stage("json_transform", template=template), filtered])) == documents[1::2]


async def test_documents_that_cannot_be_transformed_are_left_out_with_a_warning(world: World) -> None:
    documents = await shelf(world)
    template = '{"price": {{ DOC.price + 1 }}}'
    response = await world.execute([SEARCH, stage("json_transform", template=template)])
    assert ids(response) == documents[:5]
    assert notes(response)["failed_documents"] == 1
    assert documents[5] in response.warnings[0]
    with pytest.raises(InvalidArgumentError, match="template"):
        await world.execute([SEARCH, stage("json_transform", template=template, fail_on_error=True)])


async def test_a_join_brings_fields_of_another_collection(world: World) -> None:
    documents = await shelf(world)
    makers = await world.collection("makers")
    await world.document(makers, at(0), "acme", makes="shoe", country={"name": "Italy"})
    join: JsonObject = {"target_collection_id": "makers", "source_field": "kind", "target_field": "makes"}
    response = await world.execute(
        [SEARCH, stage("document_enrich", **join, fields_to_merge=["country.name"], output_field="maker")]
    )
    assert ids(response) == documents
    assert added(response)[0] == {"maker": {"country.name": "Italy"}}
    assert added(response)[1] == {}
    matched = await world.execute([SEARCH, stage("document_enrich", **join, allow_missing=False)])
    assert ids(matched) == documents[::2]
    cheap = {"field": "rank", "operator": "gt", "value": 8}
    some = await world.execute([SEARCH, stage("document_enrich", **join, when=cheap, output_field="maker")])
    assert [bool(each) for each in added(some)] == [True, False, False, False, False, False]
    italian = attribute_filter({"field": "country.name", "value": "Italy"}, "after")
    assert ids(await world.execute([SEARCH, stage("document_enrich", **join), italian])) == documents[::2]
    with pytest.raises(NotFoundError, match="nowhere"):
        await world.execute([SEARCH, stage("document_enrich", target_collection_id="nowhere")])


async def test_mmr_prefers_the_unlike_and_rerank_looks_again(world: World) -> None:
    documents = await shelf(world)
    chosen = await world.execute([SEARCH, stage("mmr", **{"lambda": 0.0, "top_k": 2})])
    assert ids(chosen) == [documents[0], documents[5]]
    assert "mmr" in added(chosen)[0]["scores"]
    fields = await world.execute([SEARCH, stage("mmr", **{"lambda": 0.1, "top_k": 2, "diversity_fields": ["kind"]})])
    assert ids(fields) == documents[:2]
    query = {"input_mode": "vector", "value": at(50)}
    again = await world.execute([SEARCH, stage("rerank", feature_uri=SLOT, query=query, top_k=2)])
    assert ids(again) == [documents[5], documents[4]]
    assert added(again)[0]["scores"]["rerank"] == pytest.approx(1.0, abs=1e-3)
    by_field = await world.execute([SEARCH, stage("rerank", rerank_field="rank", max_candidates=3)])
    assert ids(by_field) == documents


async def test_clusters_of_what_was_found(world: World) -> None:
    collection_id = await world.collection()
    near = [await world.document(collection_id, at(n), n=n) for n in range(5)]
    far = [await world.document(collection_id, at(80 + n), n=n) for n in range(4)]
    parameters: JsonObject = {"algorithm": "kmeans", "n_clusters": 2}
    clusters = added(await world.execute([SEARCH, stage("cluster", **parameters)]))
    assert [each["member_count"] for each in clusters] == [5, 4]
    assert {each["document_id"] for each in clusters[0]["members"]} == set(near)
    labelled = await world.execute([SEARCH, stage("cluster", **parameters, output_mode="labeled")])
    names = dict(zip(ids(labelled), [each["cluster_id"] for each in added(labelled)], strict=True))
    assert {names[each] for each in far} == {"cl_1"}
    representatives = await world.execute([SEARCH, stage("cluster", **parameters, output_mode="representatives")])
    assert len(ids(representatives)) == 2


async def test_lists_are_taken_apart_and_duplicates_dropped(world: World) -> None:
    documents = await shelf(world)
    response = await world.execute([SEARCH, stage("unwind", field="tags", output_field="tag")])
    assert [(d, each["tag"]) for d, each in zip(ids(response), added(response), strict=True)] == [
        (documents[1], "a"),
        (documents[2], "a"),
        (documents[2], "b"),
        (documents[4], "a"),
        (documents[5], "a"),
        (documents[5], "b"),
    ]
    unique = await world.execute([SEARCH, stage("deduplicate", fields=["kind"], keep="last")])
    assert ids(unique) == documents[4:]


async def test_filters_see_scores_and_parameters_may_be_templates(world: World) -> None:
    documents = await shelf(world)
    good = attribute_filter({"field": "score", "operator": "gte", "value": 0.9}, "good")
    assert ids(await world.execute([SEARCH, good])) == documents[:3]
    stages = [by_vector(at(0), top_k="{{INPUT.k}}"), stage("limit", limit="{{INPUT.n}}")]
    assert ids(await world.execute(stages, inputs={"k": 4, "n": 2})) == documents[:2]
    with pytest.raises(InvalidArgumentError) as caught:
        await world.execute(stages, inputs={"k": "many", "n": 2})
    assert caught.value.details["path"] == "stages.0.config.parameters.searches.0.top_k"


async def test_a_search_without_a_query_may_find_documents_at_random(world: World) -> None:
    documents = await shelf(world)
    search = by_vector(at(0), on_empty="random", top_k=2)
    search["config"]["parameters"]["searches"][0]["query"] = {"input_mode": "content", "value": "{{INPUT.image}}"}
    response = await world.execute([search])
    assert len(ids(response)) == 2
    assert set(ids(response)) <= set(documents)


async def test_a_search_may_name_its_own_collections(world: World) -> None:
    documents = await shelf(world)
    other = await world.collection("others")
    stranger = await world.document(other, at(0), "stranger")
    response = await world.execute([by_vector(at(0), collection_identifiers=["col_others"])])
    assert ids(response) == [stranger]
    shorthand = {"type": "feature_search", "query": at(0), "collection_ids": [other], "limit": 3}
    request = pb.ExecuteRetrieverRequest(namespace_id=world.namespace_id, stages_json=json.dumps([shorthand]))
    assert ids(await world.service.ExecuteRetriever(request)) == [stranger]
    del shorthand["collection_ids"]
    request.stages_json = json.dumps([shorthand])
    found = ids(await world.service.ExecuteRetriever(request))
    assert len(found) == 3
    assert set(found) <= {stranger, *documents}


async def test_a_page_goes_on_after_a_document_whatever_came_before_it(world: World) -> None:
    documents = await shelf(world)
    request = pb.ExecuteRetrieverRequest(
        namespace_id=world.namespace_id,
        stages_json=json.dumps([SEARCH]),
        collection_identifiers=["products"],
        limit=2,
        offset=3,
        after_document_id=documents[1],
    )
    assert ids(await world.service.ExecuteRetriever(request)) == documents[2:4]
    request.stages_json = json.dumps([attribute_filter({"field": "rank", "operator": "gt", "value": 0})])
    assert ids(await world.service.ExecuteRetriever(request)) == documents[2:4]
    request.after_document_id = "doc_gone"
    assert ids(await world.service.ExecuteRetriever(request)) == documents[3:5]
