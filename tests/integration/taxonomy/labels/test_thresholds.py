"""The score that a label takes: the highest that somebody names, else what suits the model of the collection."""

import math
from typing import Any

import pytest

from tests.integration.taxonomy.labels.test_native_taxonomies import flat
from tests.integration.taxonomy.stages.test_stages import stage
from tests.integration.taxonomy.world import World, at, feature_search

COS_60 = math.cos(math.radians(60))


async def natively(world: World, search: dict[str, Any], **options: Any) -> str:
    """A collection that a native taxonomy labels, with one reference at 60 degrees; the manifest says 0.6."""
    production, reference = await world.collection("catalog"), await world.collection("reference")
    await world.pool.execute("UPDATE collections SET label_threshold = 0.6 WHERE collection_id = $1", production)
    retriever = await world.retriever([feature_search(**search)], "reference", name="matcher")
    config = flat(retriever, {"field_path": "product_label"}, **options)
    runs = [{"retriever": retriever, "collection": reference}]
    await world.apply(production, await world.native(config, runs, ["product_label"]))
    await world.document(reference, at(60), "shoe")
    return production


@pytest.mark.parametrize(
    ("search", "options", "threshold"),
    [
        ({}, {}, 0.6),
        ({"min_score": 0.4}, {}, 0.4),
        ({}, {"confidence_threshold": 0.45}, 0.45),
        ({}, {"confidence_threshold": 0.0}, 0.0),
        ({"min_score": 0.55}, {"confidence_threshold": 0.45}, 0.55),
    ],
)
async def test_the_models_threshold_counts_where_nobody_names_one(
    world: World, search: dict[str, Any], options: dict[str, Any], threshold: float
) -> None:
    decision = await world.decide(await natively(world, search, **options), at(0))
    assert decision.threshold == pytest.approx(threshold)
    assert decision.matched is (threshold <= COS_60)
    assert decision.confidence == pytest.approx(COS_60, abs=1e-3)


@pytest.mark.parametrize(("asked", "warned"), [(0.2, True), (0.5, False), (0.0, False)])
async def test_a_stage_that_asks_for_less_than_the_taxonomy_is_told(world: World, asked: float, warned: bool) -> None:
    reference = await world.collection("reference")
    await world.document(reference, at(10), "shoe")
    shelf = await world.collection("shelf")
    await world.document(shelf, at(0))
    retriever = await world.retriever([feature_search()], "reference", name="matcher")
    config = flat(retriever, {"field_path": "product_label"}, confidence_threshold=0.4)
    taxonomy_id = await world.native(config, [{"retriever": retriever, "collection": reference}], ["product_label"])
    found = await world.execute([stage("taxonomy_enrich", taxonomy_id=taxonomy_id, min_score=asked)], "shelf")
    told = [warning for warning in found.warnings if "min_score 0.2 has no effect" in warning and "0.4" in warning]
    assert bool(told) is warned
