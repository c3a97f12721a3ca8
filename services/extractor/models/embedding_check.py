"""What comes out of a network, held against what its manifest promises."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from services.common.extractors.vectors import check_unit
from services.extractor.manifest import Manifest
from services.extractor.model_port import NO_EMBEDDING, Obstacle, Part

NO_VECTOR = Obstacle("NO_VECTOR", "The model made no vector of it that can be compared with others.")
SHORTEST = 1e-6


def check_embedding(embedding: NDArray[np.float32], manifest: Manifest) -> None:
    """Raises ValueError for another shape than (1, dimensions), InvalidArgumentError for another norm than one."""
    if embedding.shape != (1, manifest.dimensions):
        raise ValueError(f"its output has shape {embedding.shape}, not (1, {manifest.dimensions})")
    check_unit(embedding[0], manifest.output)


def comparable(part: Part) -> Part:
    """The part, without its embedding when that is zero, NaN or infinite: it points nowhere."""
    if np.isfinite(part.embedding).all() and np.linalg.norm(part.embedding) > SHORTEST:
        return part
    return replace(part, embedding=NO_EMBEDDING, obstacle=NO_VECTOR)
