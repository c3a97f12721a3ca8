"""What a method clusters: points in a space, and how it measures there."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.parameters import Parameters
from services.worker.clusters.plan.progress import Progress
from services.worker.clusters.vectors.vectors import Matrix, unit

Labels = NDArray[np.int64]
METRICS = ("euclidean", "l2", "cosine", "manhattan", "l1", "chebyshev", "minkowski")


@dataclass(frozen=True, kw_only=True)
class Points:
    """Float32 (n, dimensions), n >= 1; `reduced` when they are a layout, and no vectors any more."""

    matrix: Matrix
    reduced: bool = False

    def __len__(self) -> int:
        return len(self.matrix)


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Points with a metric that every method of scikit-learn can use with its trees."""

    matrix: Matrix
    metric: str
    is_cosine: bool

    def radius(self, distance: float) -> float:
        """A distance of the user's metric in this one: on the unit sphere, cosine and euclidean order alike."""
        return math.sqrt(2 * min(distance, 2.0)) if self.is_cosine else distance


def measured(points: Points, parameters: Parameters, name: str = "metric", default: str = "euclidean") -> Measured:
    """The points as the wanted metric sees them."""
    metric = parameters.choice(name, default, METRICS)
    is_cosine = metric == "cosine" and not points.reduced
    matrix = unit(points.matrix) if is_cosine else points.matrix
    return Measured(matrix=matrix, metric="euclidean" if metric in ("cosine", "l2") else metric, is_cosine=is_cosine)


def at_most(value: int, most: int, name: str, progress: Progress) -> int:
    """The value, lowered to what that many points allow."""
    if value > most:
        progress.warn(f"{name} was lowered from {value} to {most}: there are no more points than that allows.")
    return max(min(value, most), 1)
