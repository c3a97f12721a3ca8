"""The order in which models are preferred, and how their work is spread."""

import pytest
from pydantic import ValidationError

from services.extractor.manifest import ImageManifest
from services.extractor.serving_plan import Plan, plan, preferred_first
from tests.support.extractor.tiny_siglip import PIXELS

IMAGE = "mixpeek://image_extractor@v1/google_siglip_base_v1"
OTHER = "mixpeek://image_extractor@v1/another_model"


def manifest(model: str, slot: str = IMAGE) -> ImageManifest:
    """A manifest of which only the name and the slot matter."""
    return ImageManifest(
        model=model,
        extractor="image_extractor@v1",
        feature_uri=slot,
        input=PIXELS,
        dimensions=8,
        licence="none",
        source="none",
    )


def names(*models: ImageManifest, strict: bool = False) -> list[str]:
    return [each.model for each in preferred_first(models, strict)]


def test_the_model_that_the_slot_is_named_after_comes_first() -> None:
    stand_in, named = manifest("efficientnet_lite2"), manifest("google_siglip_base_v1")
    assert names(stand_in, named) == names(named, stand_in) == ["google_siglip_base_v1", "efficientnet_lite2"]
    assert named.is_named_model
    assert not stand_in.is_named_model


def test_strict_drops_every_stand_in() -> None:
    assert names(manifest("efficientnet_lite2"), manifest("google_siglip_base_v1"), strict=True) == [
        "google_siglip_base_v1"
    ]
    assert names(manifest("efficientnet_lite2"), strict=True) == []


def test_slots_are_kept_apart() -> None:
    assert names(manifest("google_siglip_base_v1"), manifest("another_model", OTHER), manifest("a", IMAGE)) == [
        "another_model",
        "google_siglip_base_v1",
        "a",
    ]


def test_cpus_get_a_lane_per_core_and_accelerators_full_batches() -> None:
    assert plan(on_cpu=True, cores=4, batch=8) == Plan(lanes=4, batch=1)
    assert plan(on_cpu=False, cores=4, batch=8) == Plan(lanes=1, batch=8)


@pytest.mark.parametrize(
    "fields",
    [
        {"feature_uri": "mixpeek://text_extractor@v1/google_siglip_base_v1"},
        {"file": "../model.onnx"},
        {"sha256": "abc"},
        {"dimensions": 0},
        {"mispelt": 1},
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        ImageManifest.model_validate({**manifest("google_siglip_base_v1").model_dump(), **fields})
