"""The rules of auto-labelling, one by one, on real services (numbers are those of the contract's section 2.7)."""

import asyncio
import json
import math

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import InvalidArgumentError, NotFoundError
from tests.integration.taxonomy.world import (
    LABELLED,
    World,
    at,
    attribute_filter,
    classifier,
    feature_search,
    subject,
)

COS_20, COS_60, COS_80 = (math.cos(math.radians(degrees)) for degrees in (20, 60, 80))


def label_of(decision: pb.Decision) -> object:
    return json.loads(decision.label_json) if decision.label_json else None


async def test_the_nearest_labelled_document_lends_its_label(world: World) -> None:
    collection_id = await world.tutorial()
    near = await world.document(collection_id, at(20), "shoe")
    await world.document(collection_id, at(60), "hat")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, label_of(decision), decision.source_document_id) == (True, "shoe", near)
    assert decision.confidence == pytest.approx(COS_20, abs=1e-3)
    assert (decision.field, decision.threshold, decision.subject_id) == ("product_label", 0.30, "subject of obj_new")
    assert decision.taxonomy_version == 1
    assert decision.retriever_id.startswith("ret_")


async def test_evidence_says_who_set_the_label(world: World) -> None:
    collection_id = await world.tutorial()
    near = await world.document(collection_id, at(20), "shoe", source="import", object_id=f"obj_{world.namespace_id}")
    (evidence,) = (await world.decide(collection_id, at(0))).evidence
    assert (evidence.document_id, evidence.collection_id) == (near, collection_id)
    assert (evidence.object_id, evidence.label_json, evidence.label_source) == (
        f"obj_{world.namespace_id}",
        '"shoe"',
        "import",
    )
    assert evidence.score == pytest.approx(COS_20, abs=1e-3)


async def test_rule_2_the_subjects_own_vector_stands_for_the_query_image(world: World) -> None:
    """No extractor runs in these tests: a query that had to be embedded would fail."""
    collection_id = await world.tutorial(
        [attribute_filter(LABELLED), feature_search(query="{{INPUT.anything.at_all}}")]
    )
    await world.document(collection_id, at(20), "shoe")
    assert (await world.decide(collection_id, at(0))).matched


async def test_rule_2_the_stored_vector_is_used_when_none_is_given(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(20), "shoe")
    stored = await world.document(collection_id, at(0), object_id=f"obj_{world.namespace_id}")
    (decision,) = await world.enrich(
        collection_id, pb.Subject(subject_id="s", object_id=f"obj_{world.namespace_id}", document_id=stored)
    )
    assert (decision.matched, label_of(decision)) == (True, "shoe")


async def test_rule_3_the_filter_comes_first_however_many_unlabelled_are_nearer(world: World) -> None:
    collection_id = await world.tutorial()
    for _ in range(30):
        await world.document(collection_id, at(1))
    await world.document(collection_id, at(60), "far but labelled")
    decision = await world.decide(collection_id, at(0))
    assert label_of(decision) == "far but labelled"
    assert decision.confidence == pytest.approx(COS_60, abs=1e-3)


@pytest.mark.parametrize("blank", ["", " \u00a0", "\u200b", [], {}, False, ["", " "], {"a": ""}], ids=ascii)
async def test_a_blank_label_is_no_reference_however_many_are_nearer(world: World, blank: object) -> None:
    collection_id = await world.tutorial()
    for degrees in range(1, 8):
        await world.document(collection_id, at(degrees), blank, source="import")
    real = await world.document(collection_id, at(40), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, label_of(decision), decision.source_document_id) == (True, "shoe", real)
    assert [each.document_id for each in decision.evidence] == [real]


async def test_blank_labels_alone_are_no_match(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(1), "  ", source="import")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.confidence) == (False, 0.0)


@pytest.mark.parametrize("spelling", ["Cafe\u0301", " Caf\u00e9\n"])
async def test_a_reference_lends_its_label_in_the_one_spelling(world: World, spelling: str) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(5), spelling)
    assert label_of(await world.decide(collection_id, at(0))) == "Caf\u00e9"


async def test_rule_3_only_survivors_of_the_whole_filter_are_searched(world: World) -> None:
    conditions = {"AND": [*LABELLED["AND"], {"field": "reviewed", "operator": "eq", "value": True}]}
    collection_id = await world.tutorial([attribute_filter(conditions), feature_search(top_k=1)])
    await world.document(collection_id, at(5), "near but not reviewed", reviewed=False)
    await world.document(collection_id, at(40), "reviewed", reviewed=True)
    assert label_of(await world.decide(collection_id, at(0))) == "reviewed"


async def test_rule_4_no_document_of_the_same_object_is_evidence(world: World) -> None:
    collection_id = await world.tutorial()
    own = f"obj_{world.namespace_id}"
    for _ in range(8):
        await world.document(collection_id, at(0), "own", object_id=own)
    await world.document(collection_id, at(60), "other")
    decision = await world.decide(collection_id, at(0), own)
    assert label_of(decision) == "other"
    assert all(evidence.object_id != own for evidence in decision.evidence)


async def test_rule_5_a_null_label_is_no_label(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(0), None)
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.confidence, list(decision.evidence)) == (False, 0.0, [])


async def test_rule_6_the_best_score_is_reported_under_min_score(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(80), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.label_json, decision.source_document_id) == (False, "", "")
    assert decision.confidence == pytest.approx(COS_80, abs=1e-3)
    assert len(decision.evidence) == 1


@pytest.mark.parametrize(("min_score", "threshold"), [(0.6, 0.1), (0.1, 0.6)])
async def test_rule_6_both_thresholds_must_be_reached(world: World, min_score: float, threshold: float) -> None:
    collection_id = await world.tutorial(classifier(min_score=min_score), threshold=threshold)
    await world.document(collection_id, at(60), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.threshold) == (False, 0.6)


async def test_rule_6_without_a_candidate_confidence_is_zero(world: World) -> None:
    decision = await world.decide(await world.tutorial(), at(0))
    assert (decision.matched, decision.confidence) == (False, 0.0)


async def test_rule_8_a_machines_label_is_a_reference_too(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(20), "shoe", source="auto")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.evidence[0].label_source) == (True, "auto")


async def test_rule_8_references_can_be_restricted_to_labels_of_people(world: World) -> None:
    collection_id = await world.tutorial(reference_labels="human")
    await world.document(collection_id, at(5), "machine", source="auto")
    await world.document(collection_id, at(30), "imported", source="import")
    await world.document(collection_id, at(40), "human", source="human")
    assert label_of(await world.decide(collection_id, at(0))) == "imported"


async def test_rule_9_an_opposite_vector_scores_zero_not_less(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(180), "shoe")
    assert (await world.decide(collection_id, at(0))).confidence == 0.0


async def test_rule_10_a_label_set_just_before_is_used(world: World) -> None:
    collection_id = await world.tutorial()
    documents = [await world.document(collection_id, at(9 * number)) for number in range(10)]
    await world.decide(collection_id, at(0))
    for number, document_id in enumerate(documents):
        await world.relabel(document_id, f"label {number}")
        assert label_of(await world.decide(collection_id, at(9 * number))) == f"label {number}"


async def test_rule_10_many_decisions_at_once_see_the_same_labels(world: World) -> None:
    collection_id = await world.tutorial()
    for number in range(9):
        await world.document(collection_id, at(10 * number), f"label {number}")
    decisions = await asyncio.gather(*(world.decide(collection_id, at(10 * n)) for n in range(9) for _ in range(4)))
    assert [label_of(decision) for decision in decisions] == [f"label {n}" for n in range(9) for _ in range(4)]


async def test_a_label_cleared_a_moment_ago_is_passed_over_for_the_next(world: World) -> None:
    collection_id = await world.tutorial()
    nearest = await world.document(collection_id, at(5), "cleared")
    await world.document(collection_id, at(20), "next")
    await world.decide(collection_id, at(0))
    await world.relabel(nearest, None, refresh=False)
    decision = await world.decide(collection_id, at(0))
    assert label_of(decision) == "next"
    assert decision.confidence == pytest.approx(COS_20, abs=1e-3)


async def test_the_label_is_the_one_at_the_time_of_the_decision(world: World) -> None:
    collection_id = await world.tutorial()
    nearest = await world.document(collection_id, at(5), "before")
    await world.decide(collection_id, at(0))
    await world.relabel(nearest, "after", refresh=False)
    assert label_of(await world.decide(collection_id, at(0))) == "after"


async def test_a_changed_threshold_counts_from_the_next_decision(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(60), "shoe")
    assert (await world.decide(collection_id, at(0))).matched
    await world.pool.execute(
        "UPDATE taxonomies SET confidence_threshold = 0.9, version = 2 WHERE collection_id = $1", collection_id
    )
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.threshold, decision.taxonomy_version) == (False, 0.9, 2)


async def test_changed_stages_count_from_the_next_decision(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(60), "shoe")
    assert (await world.decide(collection_id, at(0))).matched
    await world.pool.execute(
        "UPDATE retrievers SET stages = $2 WHERE namespace_id = $1", world.namespace_id, classifier(min_score=0.9)
    )
    assert not (await world.decide(collection_id, at(0))).matched


async def test_several_subjects_are_decided_in_one_request(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(0), "left")
    await world.document(collection_id, at(90), "right")
    decisions = await world.enrich(
        collection_id, subject(at(10), "obj_a"), subject(at(80), "obj_b"), subject(at(5), "obj_c")
    )
    assert [label_of(decision) for decision in decisions] == ["left", "right", "left"]
    assert [decision.subject_id for decision in decisions] == [f"subject of obj_{name}" for name in "abc"]


async def test_more_than_one_neighbour_is_evidence_when_top_k_asks_for_it(world: World) -> None:
    collection_id = await world.tutorial(classifier(top_k=3))
    for degrees in (30, 10, 20, 40):
        await world.document(collection_id, at(degrees), f"label {degrees}")
    decision = await world.decide(collection_id, at(0))
    assert [json.loads(each.label_json) for each in decision.evidence] == ["label 10", "label 20", "label 30"]
    assert label_of(decision) == "label 10"


async def test_a_retriever_without_a_filter_finds_labelled_documents_all_the_same(world: World) -> None:
    collection_id = await world.tutorial([feature_search(top_k=1)])
    for _ in range(10):
        await world.document(collection_id, at(1))
    await world.document(collection_id, at(60), "shoe")
    assert label_of(await world.decide(collection_id, at(0))) == "shoe"


async def test_a_filter_after_the_search_narrows_what_was_found(world: World) -> None:
    after = attribute_filter({"field": "reviewed", "operator": "eq", "value": True}, "after")
    collection_id = await world.tutorial([feature_search(top_k=2), after], threshold=0.1)
    await world.document(collection_id, at(5), "first", reviewed=False)
    await world.document(collection_id, at(10), "second", reviewed=True)
    await world.document(collection_id, at(15), "third", reviewed=True)
    decision = await world.decide(collection_id, at(0))
    assert label_of(decision) == "second"
    assert len(decision.evidence) == 1


@pytest.mark.parametrize("label", [{"kind": "shoe"}, ["a", "b"], 7, 0, True, "Schuhe > Läufer \U0001f45f"])
async def test_a_label_may_be_any_json_that_says_something(world: World, label: object) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(5), label)
    decision = await world.decide(collection_id, at(0))
    assert decision.matched
    assert label_of(decision) == label


async def test_the_field_may_be_written_with_metadata_before_it(world: World) -> None:
    collection_id = await world.tutorial(field="metadata.product_label")
    await world.document(collection_id, at(5), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (decision.field, label_of(decision)) == ("product_label", "shoe")


async def test_option_b_references_live_in_another_collection(world: World) -> None:
    production = await world.collection("catalog")
    reference = await world.collection("reference")
    await world.retriever(classifier(), "col_reference", name="product_classifier")
    await world.taxonomy(production, "ret_product_classifier")
    await world.document(production, at(1), "not a reference")
    near = await world.document(reference, at(20), "shoe")
    decision = await world.decide(production, at(0))
    assert (label_of(decision), decision.source_document_id) == ("shoe", near)
    assert decision.evidence[0].collection_id == reference


async def test_references_of_another_namespace_are_never_seen(world: World) -> None:
    collection_id = await world.tutorial()
    other = await World(world.pool, world.channels[0], world.channels[1]).create()
    foreign = await other.collection("products")
    await other.document(foreign, at(0), "foreign")
    assert not (await world.decide(collection_id, at(0))).matched


async def test_vectors_of_another_model_are_never_compared(world: World) -> None:
    production = await world.collection("catalog", model="google_siglip_base_v1")
    reference = await world.collection("reference", model="efficientnet_lite2")
    await world.retriever(classifier(), "reference")
    await world.taxonomy(production)
    await world.document(reference, at(0), "shoe")
    decision = await world.decide(production, at(0))
    assert (decision.matched, decision.confidence) == (False, 0.0)
    assert "'google_siglip_base_v1'" in decision.reason and "'efficientnet_lite2'" in decision.reason


async def test_a_collection_without_a_taxonomy_decides_nothing(world: World) -> None:
    assert await world.enrich(await world.collection(), subject(at(0))) == []


async def test_an_unknown_collection_is_not_found(world: World) -> None:
    with pytest.raises(NotFoundError, match="col_nowhere"):
        await world.enrich("col_nowhere", subject(at(0)))


@pytest.mark.parametrize(
    ("stages", "collections", "retriever", "reason"),
    [
        (classifier(), ["not_there"], "classifier", "no collection 'not_there'"),
        (classifier(), ["products"], "ret_not_there", "no retriever 'ret_not_there'"),
        ([attribute_filter(LABELLED)], ["products"], "classifier", "need a feature_search"),
        (classifier(feature_uri="mixpeek://face_identity_extractor@v1/arcface"), ["products"], "classifier", "arcface"),
        ([{"config": {"stage_id": "no_such_stage"}}], ["products"], "classifier", "no_such_stage"),
        ([attribute_filter(LABELLED), feature_search(collection_ids=["gone"])], [], "classifier", "'gone'"),
    ],
)
async def test_a_retriever_that_cannot_run_loses_no_upload_and_says_why(
    world: World, stages: list[dict[str, object]], collections: list[str], retriever: str, reason: str
) -> None:
    collection_id = await world.collection()
    retriever_id = await world.retriever(stages, *collections)
    if not collections:
        await world.pool.execute(
            "UPDATE retrievers SET collection_identifiers = '{}' WHERE retriever_id = $1", retriever_id
        )
    taxonomy_id = await world.taxonomy(collection_id, retriever)
    await world.document(collection_id, at(0), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (decision.matched, decision.confidence, decision.threshold) == (False, 0.0, 0.30)
    assert (decision.field, decision.taxonomy_id) == ("product_label", taxonomy_id)
    assert reason in decision.reason


@pytest.mark.parametrize("named", [["products"], []])
async def test_a_search_says_itself_where_the_references_are(world: World, named: list[str]) -> None:
    collection_id = await world.tutorial([attribute_filter(LABELLED), feature_search(collection_identifiers=named)])
    await world.pool.execute(
        "UPDATE retrievers SET collection_identifiers = '{}' WHERE namespace_id = $1", world.namespace_id
    )
    await world.document(collection_id, at(20), "shoe")
    decision = await world.decide(collection_id, at(0))
    assert (label_of(decision), decision.reason) == ("shoe", "")


async def test_what_was_judged_gives_no_reason(world: World) -> None:
    collection_id = await world.tutorial()
    assert (await world.decide(collection_id, at(0))).reason == ""
    await world.document(collection_id, at(89), "shoe")
    assert (await world.decide(collection_id, at(0))).reason == ""


async def test_one_missing_collection_of_two_is_told_only_where_nothing_matched(world: World) -> None:
    await world.retriever(classifier(), "products", "gone")
    collection_id = await world.collection()
    await world.taxonomy(collection_id)
    await world.document(collection_id, at(20), "shoe")
    assert (await world.decide(collection_id, at(0))).reason == ""
    assert "no collection 'gone'" in (await world.decide(collection_id, [0.0, 0.0, 1.0])).reason


@pytest.mark.parametrize("vector", [[math.nan, 0.0, 0.0], [math.inf, 0.0, 0.0], [5.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
async def test_a_vector_that_is_none_is_refused(world: World, vector: list[float]) -> None:
    collection_id = await world.tutorial()
    with pytest.raises(InvalidArgumentError) as caught:
        await world.decide(collection_id, vector)
    assert caught.value.details["path"] == "subjects.0.embeddings.0.vector"


async def test_a_vector_of_another_size_is_refused(world: World) -> None:
    collection_id = await world.tutorial()
    with pytest.raises(InvalidArgumentError, match="has 3 dimensions in this collection, not 2"):
        await world.decide(collection_id, [1.0, 0.0])


async def test_a_subject_needs_a_vector_or_a_document(world: World) -> None:
    collection_id = await world.tutorial()
    with pytest.raises(InvalidArgumentError, match=r"subjects\.0 needs"):
        await world.enrich(collection_id, pb.Subject(subject_id="s"))
