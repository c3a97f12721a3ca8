"""The committed MiniLM is what its export script makes of the published weights, and 8 bits cost it little."""

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from scripts.bert import Bert
from scripts.export_minilm import MAX_TOKENS, MODEL, PACKAGE, TOKENIZER, check_parity, export_float, load, published
from services.extractor.model_port import Model, Source
from services.extractor.models.registry import PACKAGED, load_models

TEXTS = (
    "Invoice 4711: please pay 1,250 euros within thirty days.",
    "Either party may terminate the contract with three months' written notice.",
    "Whisk the eggs with sugar, fold in the flour and bake for forty minutes.",
)
CLOSE = 1e-4
ALIKE = 0.98


@pytest.fixture(scope="module")
def network() -> Bert:
    """The published network, in float32."""
    return load()


@pytest.fixture(scope="module")
def committed() -> Model:
    """The model that lies in the package."""
    models = load_models(None, strict=False, max_pixels=1)
    return next(model for model in models if model.manifest.model == MODEL)


def tokens(model: Model, texts: Sequence[str]) -> list[NDArray[np.generic]]:
    """Rows of token ids (1, tokens), one for each text."""
    return [next(iter(model.pre(Source(text=text)))).rows for text in texts]


def test_the_export_equals_torch_in_every_shape(network: Bert, tmp_path: Path) -> None:
    export_float(network, tmp_path / "model.onnx")
    assert check_parity(network, tmp_path / "model.onnx") < CLOSE


def test_the_committed_network_is_the_published_one_but_for_its_bits(committed: Model, network: Bert) -> None:
    for rows in tokens(committed, TEXTS):
        ids = torch.from_numpy(rows)
        with torch.no_grad():
            expected = network(ids, torch.ones_like(ids)).mean(1).numpy()[0]
        assert float(committed.core(rows)[0] @ expected / np.linalg.norm(expected)) > ALIKE


def test_the_committed_tokenizer_is_the_published_one(committed: Model) -> None:
    assert (PACKAGED / MODEL / TOKENIZER).read_bytes() == (published() / TOKENIZER).read_bytes()
    (windows,) = tokens(committed, ["word " * 1000])
    assert (len(windows), windows.shape[1] <= MAX_TOKENS) == (4, True)


def test_the_manifest_pins_the_source_package(committed: Model) -> None:
    assert f"{PACKAGE}=={metadata.version(PACKAGE)}" in committed.manifest.source
