"""What anybody may know without a key: what is served, and whether it works."""

import httpx
import pytest

from services.common.extractors.parameters import PARAMETERS
from tests.support.gateway.gateway_stack import Stack
from tests.support.gateway.rest import ok, refused
from tests.support.gateway.scripted_services import NAMED
from tests.support.tutorial.option_a import SLOT

pytestmark = pytest.mark.asyncio(loop_scope="session")

PUBLIC = [
    "/v1/retrievers/stages",
    "/v1/collections/features",
    "/v1/collections/features/extractors",
    "/v1/collections/features/extractors/image_extractor_v1",
    "/v1/discovery",
    "/v1/discovery/extractors",
    "/v1/discovery/stages",
    "/v1/health",
    "/v1/health/liveness",
    "/v1/health/beat",
    "/v1/health/deep",
]


@pytest.mark.parametrize("path", PUBLIC)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk_wrong", "X-Namespace": "no_such"}])
async def test_public_routes_need_no_key_and_mind_no_wrong_one(
    stack: Stack, path: str, headers: dict[str, str]
) -> None:
    async with stack.bare_client(headers) as anybody:
        await ok(anybody, "GET", path)


async def test_an_extractor_says_what_it_reads_makes_and_can_be_told(client: httpx.AsyncClient) -> None:
    found = await ok(client, "GET", "/v1/collections/features/extractors/image_extractor_v1")
    assert "image" in found["input_schema"]["properties"]
    assert found["output_schema"]["properties"]["image_extractor_v1_embedding"]["minItems"] == 4
    assert found["parameter_schema"] == PARAMETERS["image_extractor"].model_json_schema()
    assert found["default_parameters"]["enable_thumbnails"] is True
    for spelling in ("image_extractor", "image_extractor@v1"):
        assert await ok(client, "GET", f"/v1/collections/features/extractors/{spelling}") == found
    await refused(client, 404, "GET", "/v1/collections/features/extractors/mind_reader")


async def test_an_extractor_without_vectors_is_always_there(client: httpx.AsyncClient) -> None:
    found = await ok(client, "GET", "/v1/collections/features/extractors/passthrough_extractor_v1")
    assert found["required_vector_indexes"] == []


async def test_every_feature_is_listed_with_its_dimensions_and_model(stack: Stack, client: httpx.AsyncClient) -> None:
    stack.surroundings.extractor.models.insert(0, NAMED)
    found = await ok(client, "GET", "/v1/collections/features")
    [images] = [each for each in found["modalities"] if each["modality"] == "image"]
    assert [(each["model"], each["dimensions"]) for each in images["features"]] == [
        ("google_siglip_base_v1", 4),
        ("efficientnet_lite2", 4),
    ]
    assert {each["feature_uri"] for each in images["features"]} == {SLOT}


async def test_discovery_is_the_catalogue_in_short(client: httpx.AsyncClient) -> None:
    found = await ok(client, "GET", "/v1/discovery")
    assert found["extractors"] == await ok(client, "GET", "/v1/discovery/extractors")
    assert [each["stage_id"] for each in found["stages"]] == [
        each["stage_id"] for each in await ok(client, "GET", "/v1/retrievers/stages")
    ]


async def test_deep_health_names_every_part(client: httpx.AsyncClient) -> None:
    found = await ok(client, "GET", "/v1/health/deep")
    assert (found["status"], found["errors"], set(found["data"].values())) == ("OK", {}, {True})
