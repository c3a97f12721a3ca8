"""Content queries embedded by the real extractor, with the model that the collection pinned."""

import base64
from collections.abc import Iterator

import pytest

from likeness.extractor.v1.extractor_pb2 import ExtractRequest, Input
from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import from_message
from services.common.grpc.client import call, open_channel
from tests.integration.taxonomy.labels.test_native_taxonomies import flat, values_of
from tests.integration.taxonomy.processes import Services, running
from tests.integration.taxonomy.world import MODEL, World, feature_search, ids
from tests.support.places import PHOTOS

QUERY = {"input_mode": "content", "value": "{{INPUT.image}}"}


@pytest.fixture(scope="module", autouse=True)
def extractor(services: Services) -> Iterator[None]:
    with running(services, ["extractor"]):
        yield


def photo(kind: str, number: int) -> bytes:
    return sorted((PHOTOS / kind).glob("*.jpg"))[number].read_bytes()


async def embed(services: Services, content: bytes) -> list[float]:
    request = ExtractRequest(extractor="image_extractor@v1", model=MODEL, inputs=[Input(content=content)])
    async with open_channel(services.address("extractor")) as channel:
        response = await call(ExtractorServiceStub(channel).Extract, request, seconds=60)
    vector: list[float] = from_message(response.extractions[0].parts[0].embeddings[0].vector).tolist()
    return vector


async def gallery(world: World, services: Services) -> dict[str, str]:
    """A collection of one photo of each of four kinds; returns their documents."""
    collection_id = await world.collection(dimensions=1280)
    kinds = ("bird", "hammer", "scissors", "windmill")
    return {kind: await world.document(collection_id, await embed(services, photo(kind, 0))) for kind in kinds}


@pytest.mark.parametrize("form", ["data uri", "bare base64", "base64 object"])
async def test_a_photo_finds_itself_however_it_is_sent(world: World, services: Services, form: str) -> None:
    documents = await gallery(world, services)
    encoded = base64.b64encode(photo("hammer", 0)).decode()
    images = {
        "data uri": f"data:image/jpeg;base64,{encoded}",
        "bare base64": encoded,
        "base64 object": {"base64": encoded},
    }
    response = await world.execute([feature_search(query=QUERY, top_k=1)], inputs={"image": images[form]})
    assert ids(response) == [documents["hammer"]]
    assert response.documents[0].score == pytest.approx(1.0, abs=2e-3)


async def test_what_is_no_image_is_refused_with_the_extractors_reason(world: World, services: Services) -> None:
    await gallery(world, services)
    text = base64.b64encode(b"this is no image").decode()
    with pytest.raises(InvalidArgumentError) as caught:
        await world.execute([feature_search(query=QUERY)], inputs={"image": text})
    assert caught.value.reason == "NOT_AN_IMAGE"
    assert caught.value.details["path"] == "stages.0.config.parameters.searches.0.query.value"


async def test_another_file_of_the_object_is_embedded_when_a_taxonomy_asks_by_it(
    world: World, services: Services
) -> None:
    reference, production = await world.collection("gallery", dimensions=1280), await world.collection(dimensions=1280)
    for kind in ("bird", "hammer"):
        await world.document(reference, await embed(services, photo(kind, 0)), kind)
    retriever = await world.retriever([feature_search(query=QUERY, top_k=1)], "gallery")
    mappings = [{"input_key": "image", "source_type": "payload", "path": "back"}]
    runs = [{"retriever": retriever, "collection": reference}]
    taxonomy_id = await world.native(
        flat(retriever, {"field_path": "product_label"}, input_mappings=mappings), runs, ["product_label"]
    )
    await world.apply(production, taxonomy_id)
    object_id = f"obj_{world.namespace_id}"
    for name, kind in (("front", "bird"), ("back", "hammer")):
        encoded = base64.b64encode(photo(kind, 0)).decode()
        await world.blob(object_id, name, source_url=f"data:image/jpeg;base64,{encoded}")
    await world.pool.execute(
        "UPDATE collections SET feature_extractor = $2 WHERE collection_id = $1",
        production,
        {"input_mappings": {"image": "front"}},
    )
    decision = await world.decide(production, await embed(services, photo("bird", 0)), object_id)
    assert values_of(decision) == {"product_label": "hammer"}
