"""A face that was found in a picture, and what finds it."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.extractor.media.picture import Pixels

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Face:
    """`box` is x1, y1, x2, y2, `landmarks` (5, 2): the eyes, the nose, the corners of the mouth, left in the picture
    first. All in pixels of the picture; `score` is the detector's, 0..1."""

    box: Points
    score: float
    landmarks: Points

    @property
    def width(self) -> float:
        """In pixels."""
        return float(self.box[2] - self.box[0])

    @property
    def height(self) -> float:
        """In pixels."""
        return float(self.box[3] - self.box[1])

    @property
    def size(self) -> float:
        """The shorter side of the box, in pixels."""
        return min(self.width, self.height)

    @property
    def area(self) -> float:
        """In square pixels."""
        return self.width * self.height

    def is_sound(self, smallest: int) -> bool:
        """Whether it is of that size at least, in numbers that can be stored."""
        return self.size >= smallest and bool(np.isfinite(self.box).all() and np.isfinite(self.landmarks).all())


class Recogniser(Protocol):
    """A network that tells faces apart. May be called from several threads at once."""

    name: str

    @property
    def providers(self) -> tuple[str, ...]:
        """Where it really runs, such as CPUExecutionProvider."""

    def embed(self, crops: NDArray[np.generic]) -> NDArray[np.float32]:
        """Aligned RGB crops (n, 112, 112, 3) uint8 -> (n, dimensions), of any norm."""


class Detector(Protocol):
    """A network that finds faces. May be called from several threads at once."""

    name: str

    def find(self, pixels: Pixels, threshold: float, smallest: int) -> list[Face]:
        """The faces of an RGB picture whose score is at least `threshold`.

        `smallest` pixels is how small a face may be and still be of use; smaller ones may be found too.
        """
