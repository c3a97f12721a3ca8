"""The real SigLIP architecture with random weights: what the service computes is what open_clip computes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_model  # type: ignore[import-not-found]

from scripts.export_siglip import ARCHITECTURE, DIMENSIONS, INPUT, MODEL, WEIGHTS, WORDS, export_siglip
from scripts.open_clip_import import import_open_clip
from services.extractor.model_port import Model, Source
from services.extractor.models.image_onnx import preprocess
from services.extractor.models.registry import load_models
from services.extractor.models.text_encoder import NO_TOKEN, clean
from tests.support.extractor.tiny_text import PAD, TOKENIZER, write_tokenizer
from tests.support.places import PHOTOS

open_clip = import_open_clip()

SAMPLES = (PHOTOS / "bird/duck.jpg", PHOTOS / "fish/fish1.jpg")
MAX_PIXELS = 1_000_000
CLOSE = 1e-5


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file as a user would bring one."""
    torch.manual_seed(1)
    file = tmp_path_factory.mktemp("weights") / "siglip.safetensors"
    save_model(open_clip.create_model(ARCHITECTURE, pretrained=None), str(file))
    return file


@pytest.fixture(scope="session")
def reference(weights: Path) -> Callable[[torch.Tensor], NDArray[np.float32]]:
    """open_clip's own image embedding with those weights: pixels (n, 3, 224, 224) -> (n, 768)."""
    network = open_clip.create_model(ARCHITECTURE, pretrained=str(weights)).eval()

    def encode(pixels: torch.Tensor) -> NDArray[np.float32]:
        with torch.no_grad():
            embedding: NDArray[np.float32] = network.encode_image(pixels, normalize=True).numpy()
        return embedding

    return encode


@pytest.fixture(scope="session")
def served(weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Model:
    """The exported model, loaded as the service loads it."""
    models_dir = tmp_path_factory.mktemp("models")
    tokenizer = models_dir / TOKENIZER
    write_tokenizer(tokenizer)
    export_siglip(models_dir, str(weights), tokenizer)
    models = load_models(models_dir, strict=True, max_pixels=MAX_PIXELS)
    return next(model for model in models if model.manifest.model == MODEL)


@pytest.fixture(scope="session")
def own_transform() -> Callable[[Image.Image], torch.Tensor]:
    """open_clip's own preprocessing for the published weights."""
    config = open_clip.get_pretrained_cfg(ARCHITECTURE, WEIGHTS)
    known = {key: config[key] for key in ("mean", "std", "interpolation", "resize_mode")}
    cfg = open_clip.transform.PreprocessCfg(size=(INPUT.height, INPUT.width), **known)
    transform: Callable[[Image.Image], torch.Tensor] = open_clip.transform.image_transform_v2(cfg, is_train=False)
    return transform


@pytest.mark.parametrize("batch", [1, 3, 5])
def test_onnx_equals_torch_in_every_batch(
    served: Model, reference: Callable[[torch.Tensor], NDArray[np.float32]], batch: int
) -> None:
    pixels = torch.randn(batch, 3, INPUT.height, INPUT.width, generator=torch.Generator().manual_seed(batch))
    found = served.core(pixels.numpy())
    assert found.shape == (batch, DIMENSIONS)
    assert np.abs(found - reference(pixels)).max() < CLOSE


@pytest.mark.parametrize("photo", SAMPLES, ids=lambda photo: photo.stem)
def test_preprocessing_equals_open_clips(photo: Path, own_transform: Callable[[Image.Image], torch.Tensor]) -> None:
    expected = own_transform(Image.open(photo)).numpy()
    assert np.abs(preprocess(photo.read_bytes(), INPUT, MAX_PIXELS) - expected).max() < CLOSE


def test_a_photo_embeds_as_open_clip_embeds_it(
    served: Model,
    reference: Callable[[torch.Tensor], NDArray[np.float32]],
    own_transform: Callable[[Image.Image], torch.Tensor],
) -> None:
    for photo in SAMPLES:
        (prepared,) = served.pre(Source(content=photo.read_bytes()))
        found = served.core(prepared.rows)
        expected = reference(own_transform(Image.open(photo))[None])
        assert np.abs(found - expected).max() < CLOSE


def test_the_manifest_names_the_slot_and_the_weights(served: Model, weights: Path) -> None:
    manifest = served.manifest
    assert (manifest.model, manifest.dimensions, manifest.is_named_model) == (MODEL, DIMENSIONS, True)
    assert weights.name in manifest.source
    assert str(weights.parent) not in manifest.source
    assert manifest.licence == "Apache-2.0"


def test_words_embed_as_open_clip_embeds_them(served: Model, weights: Path) -> None:
    network = open_clip.create_model(ARCHITECTURE, pretrained=str(weights)).eval()
    for text in ("Red_Shoe!", "page " * 100):
        (prepared,) = served.pre(Source(text=text, is_query=True))
        ids = torch.from_numpy(np.where(prepared.rows == NO_TOKEN, PAD, prepared.rows))
        assert ids.shape[1] == WORDS.input.max_tokens
        with torch.no_grad():
            expected = network.encode_text(ids, normalize=True).numpy()
        assert np.abs(served.core(prepared.rows) - expected).max() < CLOSE


def test_words_are_cleaned_as_open_clip_cleans_them() -> None:
    for text in ("Red_Shoe!", "  two\n spaces ", "&amp;amp; caf\u00e9"):
        assert clean(text, WORDS.input) == open_clip.tokenizer.canonicalize_text(open_clip.tokenizer.basic_clean(text))
