"""Inputs that a taxonomy maps to the files of an object."""

from typing import Any

import pytest

from tests.integration.taxonomy.labels.test_native_taxonomies import catalog, values_of
from tests.integration.taxonomy.world import World, at, subject

Json = dict[str, Any]
DATA = "data:image/png;base64,AAAA"


async def mapped(world: World, *mappings: Json) -> tuple[str, str]:
    """A collection, and its references, of a taxonomy with these mappings."""
    production, reference, taxonomy_id = await catalog(
        world, {"field_path": "product_label"}, input_mappings=list(mappings)
    )
    await world.apply(production, taxonomy_id)
    await world.document(reference, at(10), "shoe")
    return production, reference


@pytest.mark.parametrize("path", ["image_url", "payload.image_url", "$.image_url"])
@pytest.mark.parametrize("kind", ["payload", "blob"])
async def test_the_path_of_the_file_that_a_document_is_made_from_means_its_vector(
    world: World, kind: str, path: str
) -> None:
    production, _ = await mapped(world, {"input_key": "query_image", "source_type": kind, "path": path})
    await world.blob("obj_" + world.namespace_id, "image_url", source_url=DATA)
    decision = await world.decide(production, at(0), "obj_" + world.namespace_id)
    assert (values_of(decision), decision.reason) == ({"product_label": "shoe"}, "")


async def test_of_several_files_the_one_that_the_collection_reads_is_the_documents(world: World) -> None:
    production, _ = await mapped(world, {"input_key": "query_image", "source_type": "payload", "path": "front"})
    await world.pool.execute(
        "UPDATE collections SET feature_extractor = $2 WHERE collection_id = $1",
        production,
        {"input_mappings": {"image": "front"}},
    )
    for name in ("front", "back"):
        await world.blob("obj_" + world.namespace_id, name, source_url=DATA)
    assert (await world.decide(production, at(0), "obj_" + world.namespace_id)).matched


@pytest.mark.parametrize("kind", ["payload", "blob"])
async def test_a_path_that_nothing_has_is_told(world: World, kind: str) -> None:
    production, _ = await mapped(world, {"input_key": "query_image", "source_type": kind, "path": "imgae_url"})
    await world.blob("obj_" + world.namespace_id, "image_url", source_url=DATA)
    decision = await world.decide(production, at(0), "obj_" + world.namespace_id)
    assert (decision.matched, decision.confidence) == (False, 0.0)
    assert "nothing at 'imgae_url' for the input 'query_image'" in decision.reason


async def test_one_document_that_lacks_an_input_says_so_and_the_others_are_judged(world: World) -> None:
    production, _ = await mapped(world, {"input_key": "query_image", "source_type": "payload", "path": "image_url"})
    await world.blob("obj_" + world.namespace_id, "image_url", source_url=DATA)
    good, bad = await world.enrich(
        production, subject(at(0), "obj_" + world.namespace_id), subject(at(0), "obj_unknown")
    )
    assert (good.matched, good.reason) == (True, "")
    assert "nothing at 'image_url'" in bad.reason
