"""Native taxonomies, one by one, on real services: flat, hierarchical, by paths, several at once."""

import json
import math
from typing import Any

import pytest

from likeness.taxonomy.v1 import taxonomy_pb2 as pb
from services.common.errors import InvalidArgumentError, NotFoundError
from tests.integration.taxonomy.world import World, at, attribute_filter, feature_search, subject
from tests.support.tutorial.option_a import SLOT

Json = dict[str, Any]
COS_20 = math.cos(math.radians(20))


def values_of(decision: pb.Decision) -> Json:
    return {v.field: json.loads(v.value_json) if v.value_json else None for v in decision.values}


def flat(retriever: str, *fields: Json, **options: Any) -> Json:
    config = {"taxonomy_type": "flat", "retriever_id": retriever, "input_mappings": [], "top_k": 1}
    return {**config, "source_collection": {"collection_id": "x", "enrichment_fields": list(fields)}, **options}


async def catalog(world: World, *fields: Json, **options: Any) -> tuple[str, str, str]:
    """A collection, its references in another, and a flat taxonomy that is applied; their ids."""
    production, reference = await world.collection("catalog"), await world.collection("reference")
    retriever = await world.retriever([feature_search(top_k=3, min_score=0.3)], "reference", name="matcher")
    targets = [field.get("target_field") or field["field_path"] for field in fields]
    config = flat(retriever, *fields, **options)
    runs = [{"retriever": retriever, "collection": reference}]
    taxonomy_id = await world.native(config, runs, targets)
    return production, reference, taxonomy_id


async def test_a_match_gives_its_fields_under_their_new_names(world: World) -> None:
    fields = ({"field_path": "product_label", "target_field": "kind"}, {"field_path": "sku"})
    production, reference, taxonomy_id = await catalog(world, *fields)
    await world.apply(production, taxonomy_id)
    near = await world.document(reference, at(20), "shoe", sku="S1")
    decision = await world.decide(production, at(0))
    assert (decision.matched, decision.source_document_id, decision.field) == (True, near, "kind")
    assert values_of(decision) == {"kind": "shoe", "sku": "S1"}
    assert decision.confidence == pytest.approx(COS_20, abs=1e-3)
    assert (decision.taxonomy_id, decision.taxonomy_version, decision.threshold) == (taxonomy_id, 1, 0.3)


async def test_without_a_match_the_fields_are_named_and_empty(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.apply(production, taxonomy_id)
    await world.document(reference, at(80), "shoe")
    decision = await world.decide(production, at(0))
    assert not decision.matched
    assert decision.confidence > 0.1
    assert values_of(decision) == {"product_label": None}


async def test_without_fields_everything_is_copied(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, source_collection={"collection_id": "x"})
    await world.apply(production, taxonomy_id)
    await world.document(reference, at(20), None, name="Runner", sku="S1")
    decision = await world.decide(production, at(0))
    assert values_of(decision) == {"name": "Runner", "sku": "S1"}
    assert json.loads(decision.label_json) == "Runner"


async def test_top_k_matches_are_assigned_and_appended(world: World) -> None:
    fields = ({"field_path": "product_label"}, {"field_path": "tag", "target_field": "tags", "merge_mode": "append"})
    production, reference, taxonomy_id = await catalog(world, *fields, top_k=3)
    await world.apply(production, taxonomy_id)
    for degrees, tag in ((10, "a"), (20, "b"), (30, "a"), (40, "c")):
        await world.document(reference, at(degrees), f"label {degrees}", tag=tag)
    decision = await world.decide(production, at(0))
    assert values_of(decision) == {"product_label": "label 10", "tags": ["a", "b"]}
    assert [json.loads(each.label_json) for each in decision.assignments] == ["label 10", "label 20", "label 30"]
    assert [value.append for value in decision.values] == [False, True]


async def test_the_neighbours_vote_when_asked_to(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"}, decision="vote", top_k=3)
    await world.apply(production, taxonomy_id)
    for degrees, label in ((10, "odd one"), (20, "shoe"), (25, "shoe")):
        await world.document(reference, at(degrees), label)
    assert values_of(await world.decide(production, at(0))) == {"product_label": "shoe"}


async def test_several_taxonomies_answer_in_their_order(world: World) -> None:
    production, reference, later = await catalog(world, {"field_path": "product_label"})
    first = await world.native(
        flat("matcher", {"field_path": "colour"}), [{"retriever": "matcher", "collection": reference}], ["colour"]
    )
    await world.apply(production, later, priority=1)
    await world.apply(production, first, priority=9)
    inline = await world.taxonomy(production, "ret_matcher")
    await world.document(reference, at(5), "shoe", colour="red")
    decisions = await world.enrich(production, subject(at(0), "obj_a"), subject(at(90), "obj_b"))
    assert [decision.taxonomy_id for decision in decisions] == [inline] * 2 + [first] * 2 + [later] * 2
    assert [decision.subject_id for decision in decisions[:2]] == ["subject of obj_a", "subject of obj_b"]
    assert [decision.matched for decision in decisions] == [True, False] * 3
    assert values_of(decisions[2]) == {"colour": "red"}


async def by_brand(world: World) -> tuple[str, str, str]:
    """As `catalog`, and only references of the same brand are found."""
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    brand = attribute_filter({"field": "brand", "operator": "eq", "value": "{{INPUT.brand}}"}, "same_brand")
    await world.pool.execute(
        "UPDATE retrievers SET stages = $2 WHERE retriever_name = 'matcher' AND namespace_id = $1",
        world.namespace_id,
        [brand, feature_search(top_k=3)],
    )
    mappings = [
        {"input_key": "brand", "source_type": "payload", "path": "metadata.brand"},
        {"input_key": "query_image", "source_type": "vector"},
    ]
    await world.pool.execute(
        "UPDATE taxonomies SET config = config || $2, version = 2 WHERE taxonomy_id = $1",
        taxonomy_id,
        {"input_mappings": mappings},
    )
    await world.apply(production, taxonomy_id)
    await world.document(reference, at(5), "other brand", brand="b")
    await world.document(reference, at(40), "own brand", brand="a")
    return production, reference, taxonomy_id


async def test_a_payload_mapping_fills_the_retrievers_filter(world: World) -> None:
    production, _, _ = await by_brand(world)
    asked = subject(at(0))
    asked.fields_json = json.dumps({"brand": "a"})
    unknown = subject(at(0), "obj_2")
    unknown.fields_json = json.dumps({"brand": None})
    decisions = await world.enrich(production, asked, unknown)
    assert [values_of(decision)["product_label"] for decision in decisions] == ["own brand", None]


async def test_scroll_filters_leave_subjects_out(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    filters = {"AND": [{"field": "metadata.brand", "operator": "eq", "value": "a"}]}
    await world.apply(production, taxonomy_id, settings={"scroll_filters": filters})
    await world.document(reference, at(5), "shoe")
    wanted, other = subject(at(0), "obj_a"), subject(at(0), "obj_b")
    wanted.fields_json, other.fields_json = '{"brand": "a"}', '{"brand": "b"}'
    decisions = await world.enrich(production, wanted, other)
    assert [decision.skipped for decision in decisions] == [False, True]
    assert [decision.matched for decision in decisions] == [True, False]


async def tree(world: World) -> tuple[str, dict[str, str], Json]:
    """Shoes > Running and Hats: a collection to label, the node collections, and the config."""
    production = await world.collection("catalog")
    names = ("shoes", "running", "hats")
    nodes = {name: await world.collection(name) for name in names}
    retriever = await world.retriever([feature_search(top_k=1, min_score=0.5)], "shoes", name="matcher")
    listed = [
        {
            "collection_id": nodes[name],
            "parent_collection_id": nodes["shoes"] if name == "running" else None,
            "label": name.title(),
            "enrichment_fields": [{"field_path": f"{name}_note"}],
        }
        for name in names
    ]
    config = {"taxonomy_type": "hierarchical", "retriever_id": retriever, "hierarchical_nodes": listed}
    return production, nodes, config


def runs_of(nodes: dict[str, str]) -> list[Json]:
    return [{"retriever": "matcher", "collection": node, "node": node} for node in nodes.values()]


async def test_a_hierarchy_descends_only_below_what_matched(world: World) -> None:
    production, nodes, config = await tree(world)
    await world.apply(production, await world.native(config, runs_of(nodes)))
    await world.document(nodes["shoes"], at(20), shoes_note="a shoe")
    running = await world.document(nodes["running"], at(10), running_note="for running")
    await world.document(nodes["hats"], at(80), hats_note="a hat")
    decision = await world.decide(production, at(0))
    assert [step.label for step in decision.path] == ["Shoes", "Running"]
    assert (json.loads(decision.label_json), decision.source_document_id) == ("Running", running)
    values = values_of(decision)
    assert (values["shoes_note"], values["running_note"], values["hats_note"]) == ("a shoe", "for running", None)
    assert (values["tier1_id"], values["tier2_label"]) == (nodes["shoes"], "Running")
    assert (values["category_name"], values["path"]) == ("Running", ["Shoes", "Running"])


async def test_a_leaf_is_not_reached_without_its_parent(world: World) -> None:
    production, nodes, config = await tree(world)
    await world.apply(production, await world.native(config, runs_of(nodes)))
    await world.document(nodes["shoes"], at(85), shoes_note="far")
    await world.document(nodes["running"], at(1), running_note="near")
    decision = await world.decide(production, at(0))
    assert (decision.matched, list(decision.path)) == (False, [])
    assert decision.confidence > 0.05


async def test_the_leaf_that_is_unsure_leaves_the_parent(world: World) -> None:
    production, nodes, config = await tree(world)
    await world.apply(production, await world.native(config, runs_of(nodes)))
    await world.document(nodes["shoes"], at(20))
    await world.document(nodes["running"], at(80))
    decision = await world.decide(production, at(0))
    assert [step.label for step in decision.path] == ["Shoes"]
    assert values_of(decision)["tier2_id"] is None


@pytest.mark.parametrize(
    ("style", "present", "absent"),
    [("full_chain", "tier1_id", "category_id"), ("best_match", "category_id", "tier1_id")],
)
async def test_the_style_of_the_application_decides_what_is_written(
    world: World, style: str, present: str, absent: str
) -> None:
    production, nodes, config = await tree(world)
    taxonomy_id = await world.native(config, runs_of(nodes))
    await world.apply(production, taxonomy_id, settings={"hierarchical_enrichment_style": style})
    await world.document(nodes["shoes"], at(20))
    values = values_of(await world.decide(production, at(0)))
    assert values[present] == nodes["shoes"]
    assert absent not in values


async def test_each_subject_descends_on_its_own(world: World) -> None:
    production, nodes, config = await tree(world)
    await world.apply(production, await world.native(config, runs_of(nodes)))
    await world.document(nodes["shoes"], at(0))
    await world.document(nodes["hats"], at(90))
    await world.document(nodes["running"], at(5))
    decisions = await world.enrich(production, subject(at(80), "obj_a"), subject(at(2), "obj_b"))
    assert [[step.label for step in decision.path] for decision in decisions] == [["Hats"], ["Shoes", "Running"]]


async def test_a_document_may_name_its_own_place(world: World) -> None:
    production = await world.collection("catalog")
    config = {"taxonomy_type": "hierarchical", "path_field": "folder", "path_separator": "/"}
    await world.apply(production, await world.native(config, []))
    asked, lost = subject(at(0), "obj_a"), subject(at(0), "obj_b")
    asked.fields_json, lost.fields_json = '{"folder": "footage/2024/q3"}', '{"folder": null}'
    decisions = await world.enrich(production, asked, lost)
    assert [step.label for step in decisions[0].path] == ["footage", "2024", "q3"]
    assert (decisions[0].matched, decisions[0].confidence, json.loads(decisions[0].label_json)) == (True, 1.0, "q3")
    assert (decisions[1].matched, list(decisions[1].values)) == (False, [])


async def test_labels_that_are_paths_stop_where_the_neighbours_part(world: World) -> None:
    collection_id = await world.tutorial()
    await world.pool.execute(
        "UPDATE taxonomies SET options = $2, version = 2 WHERE collection_id = $1",
        collection_id,
        {"path_separator": " > "},
    )
    for degrees, leaf in ((10, "Red"), (12, "Blue"), (14, "Green")):
        await world.document(collection_id, at(degrees), f"Shoes > Running > {leaf}")
    decision = await world.decide(collection_id, at(0))
    assert json.loads(decision.label_json) == "Shoes > Running"
    assert [step.label for step in decision.path] == ["Shoes", "Running"]
    assert values_of(decision) == {"product_label": "Shoes > Running"}


async def test_a_retriever_enrichment_writes_back_what_is_found(world: World) -> None:
    production, reference = await world.collection("catalog"), await world.collection("reference")
    retriever = await world.retriever([feature_search(top_k=2, min_score=0.3)], "reference", name="twins")
    written = [
        {"field_path": "sku", "target_field": "twin", "merge_mode": "replace"},
        {"field_path": "sku", "target_field": "twins", "merge_mode": "all_as_array"},
        {"field_path": "sku", "target_field": "text", "merge_mode": "concat"},
        {"field_path": "score", "target_field": "twin_score", "merge_mode": "replace"},
    ]
    config = {
        "taxonomy_type": "retriever",
        "input_mappings": [{"input_key": "query_image", "source_type": "blob"}],
        "source_collection": {"enrichment_fields": written},
        "top_k": 50,
    }
    fields = ["twin", "twins", "text", "twin_score"]
    runs = [{"retriever": retriever}]
    await world.apply(production, None, config=config, runs=runs, label_fields=fields, execution_phase=4)
    await world.document(reference, at(10), sku="near")
    await world.document(reference, at(20), sku="next")
    await world.document(reference, at(85), sku="far")
    decision = await world.decide(production, at(0))
    values = values_of(decision)
    assert (values["twin"], values["twins"], values["text"]) == ("near", ["near", "next"], "near, next")
    assert values["twin_score"] == pytest.approx(math.cos(math.radians(10)), abs=1e-3)
    assert decision.taxonomy_id == ""


async def test_a_retriever_enrichment_may_look_up_without_a_search(world: World) -> None:
    production, reference = await world.collection("catalog"), await world.collection("reference")
    stages = [attribute_filter({"field": "sku", "operator": "eq", "value": "{{INPUT.sku}}"})]
    retriever = await world.retriever(stages, "reference", name="lookup")
    config = {
        "taxonomy_type": "retriever",
        "input_mappings": [{"input_key": "sku", "source_type": "payload", "path": "sku"}],
        "source_collection": {"enrichment_fields": [{"field_path": "price"}]},
        "top_k": 50,
    }
    await world.apply(production, None, config=config, runs=[{"retriever": retriever}], label_fields=["price"])
    await world.document(reference, at(80), sku="S1", price=7)
    asked = subject(at(0))
    asked.fields_json = '{"sku": "S1"}'
    (decision,) = await world.enrich(production, asked)
    assert values_of(decision) == {"price": 7}


async def test_one_taxonomy_alone_at_a_version(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.document(reference, at(60), "shoe")
    await world.pool.execute(
        "UPDATE taxonomies SET config = config || $2, version = 2 WHERE taxonomy_id = $1",
        taxonomy_id,
        {"confidence_threshold": 0.9},
    )
    stored = await world.document(production, at(0))
    asked = pb.Subject(subject_id="s", document_id=stored)
    for version, matched in ((0, False), (1, True), (2, False)):
        request = pb.EnrichRequest(taxonomy_id=taxonomy_id, taxonomy_version=version, subjects=[asked])
        (decision,) = await world.ask(request)
        assert (decision.matched, decision.taxonomy_version) == (matched, version or 2)
    with pytest.raises(NotFoundError, match="version 3"):
        await world.ask(pb.EnrichRequest(taxonomy_id=taxonomy_id, taxonomy_version=3, subjects=[asked]))


async def test_whoever_asks_is_told_that_a_taxonomy_cannot_run(world: World) -> None:
    production, _, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.pool.execute("DELETE FROM retrievers WHERE namespace_id = $1", world.namespace_id)
    stored = await world.document(production, at(0))
    with pytest.raises(NotFoundError, match="no retriever"):
        await world.ask(pb.EnrichRequest(taxonomy_id=taxonomy_id, subjects=[pb.Subject(document_id=stored)]))


async def test_a_taxonomy_without_its_retriever_says_so_where_its_collection_is_there(world: World) -> None:
    production, _, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.apply(production, taxonomy_id)
    gone = await world.pool.fetchval(
        "DELETE FROM retrievers WHERE namespace_id = $1 RETURNING retriever_id", world.namespace_id
    )
    decision = await world.decide(production, at(0))
    assert (values_of(decision), decision.reason) == ({"product_label": None}, f"There is no retriever '{gone}'.")


async def test_a_hierarchy_that_cannot_run_gives_its_reason_for_its_fields(world: World) -> None:
    production, nodes, config = await tree(world)
    await world.apply(production, await world.native(config, runs_of(nodes)))
    await world.pool.execute("DELETE FROM retrievers WHERE namespace_id = $1", world.namespace_id)
    decision = await world.decide(production, at(0))
    assert decision.reason == "There is no retriever 'matcher'."
    assert values_of(decision)["category_name"] is None
    await world.retriever([{"config": {"stage_id": "no_such_stage"}}], "shoes", name="matcher")
    decision = await world.decide(production, at(0))
    assert "no_such_stage" in decision.reason
    assert "category_name" in values_of(decision)


async def test_a_stored_document_is_judged_by_its_objects_fields_as_it_was_at_first(world: World) -> None:
    production, _, taxonomy_id = await by_brand(world)
    lent = await world.document(production, at(0))
    own = await world.document(production, at(0), brand="b")
    await world.pool.execute(
        "UPDATE objects SET fields = $2 WHERE namespace_id = $1", world.namespace_id, {"brand": "a"}
    )
    asked = [pb.Subject(document_id=each) for each in (lent, own)]
    decisions = await world.ask(pb.EnrichRequest(taxonomy_id=taxonomy_id, collection_id=production, subjects=asked))
    assert [values_of(decision)["product_label"] for decision in decisions] == ["own brand", "other brand"]


async def test_afresh_machines_labels_of_the_collection_are_no_references(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(5), "machine", source="auto")
    await world.document(collection_id, at(30), "human")
    stored = await world.document(collection_id, at(0), object_id=f"obj_{world.namespace_id}")
    asked = pb.Subject(subject_id="s", object_id=f"obj_{world.namespace_id}", document_id=stored)
    (decision,) = await world.ask(pb.EnrichRequest(collection_id=collection_id, subjects=[asked], afresh=True))
    assert json.loads(decision.label_json) == "human"


def enrich_stage(taxonomy_id: str, **parameters: Any) -> Json:
    config = {"stage_id": "taxonomy_enrich", "parameters": {"taxonomy_id": taxonomy_id, **parameters}}
    return {"stage_name": "classify", "stage_type": "enrich", "config": config}


async def test_the_stage_classifies_what_was_found_and_keeps_nothing(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label", "target_field": "kind"})
    near = await world.document(reference, at(20), "shoe", sku="S1")
    for degrees in (0, 120):
        await world.document(production, at(degrees), brand=str(degrees))
    everything = attribute_filter({"field": "brand", "operator": "exists", "value": True})
    response = await world.execute([everything, enrich_stage(taxonomy_id)], "catalog")
    found = [json.loads(document.fields_json) for document in response.documents]
    assert [each.get("kind") for each in found] == ["shoe", None]
    assert found[0]["taxonomy_match"]["source_document_id"] == near
    assert [each["taxonomy_match"]["matched"] for each in found] == [True, False]
    stored = "SELECT count(*) FROM documents WHERE collection_id = $1 AND fields ? 'kind'"
    kept = await world.pool.fetchval(stored, production)
    assert kept == 0


async def test_the_stage_takes_fields_scores_and_a_condition(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.document(reference, at(20), "shoe", sku="S1")
    await world.document(reference, at(60), "hat", sku="S2")
    for name, degrees in (("first", 0), ("second", 60), ("third", 30)):
        await world.document(production, at(degrees), brand=name)
    stage = enrich_stage(
        taxonomy_id,
        fields=[{"field_path": "sku", "target_field": "code"}],
        min_confidence=0.99,
        result_field="classified.as",
        when={"field": "brand", "operator": "ne", "value": "third"},
    )
    everything = attribute_filter({"field": "brand", "operator": "exists", "value": True})
    response = await world.execute([everything, stage], "catalog")
    found = [json.loads(document.fields_json or "{}") for document in response.documents]
    assert [each.get("code") for each in found] == [None, "S2", None]
    assert found[0]["classified"]["as"]["matched"] is False
    assert "classified" not in found[2]


@pytest.mark.parametrize("parameters", [{"top_k": 0}, {"min_score": 2}, {"fields": []}, {"fields": [{}]}, {"when": 7}])
async def test_the_stage_names_a_bad_parameter(world: World, parameters: Json) -> None:
    await world.collection("catalog")
    with pytest.raises(InvalidArgumentError) as caught:
        await world.execute([enrich_stage("tax_x", **parameters)], "catalog")
    assert caught.value.details["path"].startswith("stages.0.config.parameters.")


async def test_a_taxonomys_own_retriever_cannot_classify(world: World) -> None:
    collection_id = await world.tutorial([feature_search(top_k=1), enrich_stage("tax_x")])
    await world.document(collection_id, at(0), "shoe")
    assert not (await world.decide(collection_id, at(0))).matched


async def test_vectors_of_other_slots_are_not_mixed_up(world: World) -> None:
    production, reference, taxonomy_id = await catalog(world, {"field_path": "product_label"})
    await world.apply(production, taxonomy_id)
    await world.document(reference, at(0), "shoe")
    other = subject(at(0), slot="mixpeek://text_extractor@v1/multilingual_e5_large_instruct_v1")
    (decision,) = await world.enrich(production, other)
    assert (decision.matched, decision.confidence) == (False, 0.0)
    assert other.embeddings[0].feature_uri != SLOT
