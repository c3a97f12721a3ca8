"""What the embedded model is good for: photos of one kind are alike, strangers fall under the tutorial's threshold."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from services.extractor.model_port import Source
from services.extractor.models.registry import load_models
from tests.support.places import PHOTOS

THRESHOLD = 0.30
MAX_PIXELS = 1_000_000


@pytest.fixture(scope="module")
def kinds() -> dict[str, NDArray[np.float32]]:
    """Embeddings of up to eight photos of each of four kinds."""
    models = load_models(None, strict=False, max_pixels=MAX_PIXELS)
    model = next(model for model in models if model.manifest.model == "efficientnet_lite2")

    def embed(files: Sequence[Path]) -> NDArray[np.float32]:
        return np.concatenate(
            [model.core(next(iter(model.pre(Source(content=file.read_bytes())))).rows) for file in files]
        )

    chosen = ("hammer", "solar_panel", "windmill", "fish")
    return {kind: embed(sorted((PHOTOS / kind).glob("*.jpg"))[:8]) for kind in chosen}


def test_the_nearest_photo_is_of_the_same_kind(kinds: dict[str, NDArray[np.float32]]) -> None:
    labels = np.repeat(list(kinds), [len(rows) for rows in kinds.values()])
    rows = np.concatenate(list(kinds.values()))
    scores = rows @ rows.T
    np.fill_diagonal(scores, -1)
    assert (labels[scores.argmax(1)] == labels).mean() >= 0.9


def test_most_strangers_fall_under_the_threshold_and_most_friends_do_not(kinds: dict[str, NDArray[np.float32]]) -> None:
    strangers, friends = [], []
    for kind, rows in kinds.items():
        others = np.concatenate([other for name, other in kinds.items() if name != kind])
        strangers.append((rows @ others.T).max(1))
        own = rows @ rows.T
        np.fill_diagonal(own, -1)
        friends.append(own.max(1))
    assert (np.concatenate(strangers) < THRESHOLD).mean() >= 0.8
    assert (np.concatenate(friends) >= THRESHOLD).mean() >= 0.8
