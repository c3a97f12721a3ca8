"""A slot is found under every spelling of its feature URI, and under no other."""

import pytest

from services.taxonomy.domain import Target
from services.taxonomy.queries.feature_uris import fills

TARGET = Target(
    collection_id="col_a",
    extractor="image_extractor@v1",
    model="efficientnet_lite2",
    feature_uri="mixpeek://image_extractor@v1/google_siglip_base_v1",
    dimensions=4,
)


@pytest.mark.parametrize(
    "uri",
    [
        "mixpeek://image_extractor@v1/google_siglip_base_v1",
        "mixpeek://image_extractor@v1/efficientnet_lite2",
        "mixpeek://image_extractor@v1/embedding",
        "mixpeek://image_extractor@v1/image_extractor_v1_embedding",
        "mixpeek://image_extractor@v1",
        "mixpeek://image_extractor@v1/",
        "image_extractor_v1_embedding",
        "google_siglip_base_v1",
    ],
)
def test_spellings_of_the_slot(uri: str) -> None:
    assert fills(TARGET, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "mixpeek://image_extractor@v2/google_siglip_base_v1",
        "mixpeek://face_identity_extractor@v1/embedding",
        "mixpeek://image_extractor@v1/insightface__arcface",
        "mixpeek://image_extractor@v1/google_siglip_base_v1/more",
        "embedding",
        "",
    ],
)
def test_other_slots(uri: str) -> None:
    assert not fills(TARGET, uri)
