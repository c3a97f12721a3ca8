"""A picture out of an image, a PDF or a video."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from services.extractor.model_port import Fields

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Picture:
    """Upright RGB pixels (height, width, 3), and which page or frame they are in the contract's fields."""

    pixels: Pixels
    fields: Fields = field(default_factory=dict)
