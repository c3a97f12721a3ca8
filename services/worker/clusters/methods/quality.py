"""How well clusters are told apart, in the space in which they were found; every figure finite or absent."""

import math

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.cluster_plan import JsonObject
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.vectors.vectors import Matrix, drawn

SCORED_POINTS = 5000


def quality(matrix: Matrix, labels: NDArray[np.int64]) -> JsonObject:
    """The contract's scores of the clustered points among (n, dimensions); none for fewer than two clusters."""
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

    clustered = labels != NOISE
    matrix, labels = matrix[clustered], labels[clustered]
    if not _can_be_scored(labels):
        return {}
    found = {
        "silhouette_score": silhouette(matrix, labels),
        "davies_bouldin_index": float(davies_bouldin_score(matrix, labels)),
        "calinski_harabasz_score": float(calinski_harabasz_score(matrix, labels)),
    }
    return {name: round(value, 6) for name, value in found.items() if value is not None and math.isfinite(value)}


def silhouette(matrix: Matrix, labels: NDArray[np.int64]) -> float | None:
    """Of at most SCORED_POINTS points, drawn evenly; None where it means nothing."""
    from sklearn.metrics import silhouette_score

    if len(labels) > SCORED_POINTS:
        rows = drawn(np.arange(len(labels)), SCORED_POINTS)
        matrix, labels = matrix[rows], labels[rows]
    return float(silhouette_score(matrix, labels)) if _can_be_scored(labels) else None


def _can_be_scored(labels: NDArray[np.int64]) -> bool:
    return 1 < len(np.unique(labels)) < len(labels)
