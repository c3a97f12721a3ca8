"""What comes out of a network, held against what its manifest promises."""

import numpy as np
from numpy.typing import NDArray

from services.common.vectors import check_unit
from services.extractor.models.manifest import Manifest


def check_embedding(embedding: NDArray[np.float32], manifest: Manifest) -> None:
    """Raises ValueError for another shape than (1, dimensions), InvalidArgumentError for another norm than one."""
    if embedding.shape != (1, manifest.dimensions):
        raise ValueError(f"its output has shape {embedding.shape}, not (1, {manifest.dimensions})")
    check_unit(embedding[0], manifest.output)
