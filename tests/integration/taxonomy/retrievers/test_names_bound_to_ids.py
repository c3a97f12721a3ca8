"""Names that retrievers and taxonomies hold mean what they meant when they were written, whatever is renamed since."""

import json

import pytest

from services.common.errors import NotFoundError
from tests.integration.taxonomy.labels.test_native_taxonomies import flat
from tests.integration.taxonomy.stages.test_stages import added, stage
from tests.integration.taxonomy.world import LABELLED, World, at, attribute_filter, by_vector, feature_search, ids

RENAME = "UPDATE collections SET collection_name = $2 WHERE collection_id = $1"


async def rename(world: World, collection_id: str, name: str) -> None:
    await world.pool.execute(RENAME, collection_id, name)


async def test_a_renamed_collection_goes_on_labelling_itself(world: World) -> None:
    collection_id = await world.tutorial()
    await world.document(collection_id, at(20), "shoe")
    await rename(world, collection_id, "goods")
    assert json.loads((await world.decide(collection_id, at(0))).label_json) == "shoe"


@pytest.mark.parametrize("named", ["reference", "col_reference"])
async def test_a_collection_of_the_old_name_takes_nothing_over(world: World, named: str) -> None:
    production, reference = await world.collection("catalog"), await world.collection("reference")
    await world.retriever([attribute_filter(LABELLED), feature_search(top_k=1)], named)
    await world.taxonomy(production)
    await world.document(reference, at(20), "shoe")
    await rename(world, reference, "examples")
    await world.document(await world.collection("reference"), at(1), "impostor")
    assert json.loads((await world.decide(production, at(0))).label_json) == "shoe"


async def test_a_retriever_made_first_is_bound_when_its_collection_is_made(world: World) -> None:
    await world.retriever([attribute_filter(LABELLED), feature_search(top_k=1)], "col_products")
    collection_id = await world.collection("products")
    await world.taxonomy(collection_id)
    await rename(world, collection_id, "goods")
    await world.document(collection_id, at(20), "shoe")
    assert json.loads((await world.decide(collection_id, at(0))).label_json) == "shoe"


async def test_what_was_deleted_is_not_replaced_by_another_of_its_name(world: World) -> None:
    production, reference = await world.collection("catalog"), await world.collection("reference")
    retriever_id = await world.retriever([feature_search(top_k=1)], "reference")
    await world.taxonomy(production, retriever_id)
    await world.pool.execute("DELETE FROM collections WHERE collection_id = $1", reference)
    await world.document(await world.collection("reference"), at(1), "impostor")
    decision = await world.decide(production, at(0))
    assert (decision.matched, decision.confidence) == (False, 0.0)
    assert "collection 'reference' any more: it was deleted" in decision.reason
    with pytest.raises(NotFoundError, match="'reference' that the retriever searches was deleted"):
        await world.execute(retriever_id)


async def test_an_id_is_stronger_than_a_name_that_looks_like_it(world: World) -> None:
    reference = await world.collection("reference")
    await world.document(reference, at(10), "shoe")
    impostor = await world.collection(reference)
    await world.document(impostor, at(0), "impostor")
    retriever_id = await world.retriever([by_vector(at(0), top_k=1)], reference)
    assert [document.collection_id for document in (await world.execute(retriever_id)).documents] == [reference]


async def test_collections_that_searches_and_joins_name_are_bound_too(world: World) -> None:
    shelf, prices = await world.collection("shelf"), await world.collection("prices")
    document = await world.document(shelf, at(0), "shoe", sku="a1")
    await world.document(prices, at(40), sku="a1", price=3)
    join = stage(
        "document_enrich", target_collection_id="prices", source_field="sku", target_field="sku", fields=["price"]
    )
    retriever_id = await world.retriever([by_vector(at(0), collection_identifiers=["shelf"]), join], "shelf")
    await world.pool.execute(
        "UPDATE retrievers SET collection_identifiers = '{}' WHERE retriever_id = $1", retriever_id
    )
    await rename(world, shelf, "shelf_2")
    await rename(world, prices, "prices_2")
    await world.collection("shelf")
    await world.collection("prices")
    found = await world.execute(retriever_id)
    assert (ids(found), added(found)) == ([document], [{"price": 3}])


async def test_a_taxonomy_that_a_stage_names_is_bound_too(world: World) -> None:
    shelf, reference = await world.collection("shelf"), await world.collection("reference")
    await world.document(reference, at(10), "shoe")
    await world.document(shelf, at(0))
    matcher = await world.retriever([feature_search(top_k=1)], "reference", name="matcher")
    runs = [{"retriever": matcher, "collection": reference}]
    taxonomy_id = await world.native(flat(matcher, {"field_path": "product_label"}), runs, ["product_label"])
    retriever_id = await world.retriever([stage("taxonomy_enrich", taxonomy_id=f"native_{taxonomy_id}")], "shelf")
    await world.pool.execute("UPDATE taxonomies SET taxonomy_name = 'other' WHERE taxonomy_id = $1", taxonomy_id)
    assert added(await world.execute(retriever_id))[0]["product_label"] == "shoe"


async def test_a_renamed_retriever_goes_on_deciding(world: World) -> None:
    collection_id = await world.collection()
    retriever_id = await world.retriever([feature_search(top_k=1)], "products")
    await world.taxonomy(collection_id, retriever_id)
    await world.document(collection_id, at(10), "shoe")
    await world.pool.execute("UPDATE retrievers SET retriever_name = 'other' WHERE retriever_id = $1", retriever_id)
    assert (await world.decide(collection_id, at(0))).matched
