"""Centroids, how near each row is to its own, and which rows stand for a cluster."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.cluster_plan import JsonObject
from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.vectors.vectors import Matrix, Rows, Vectors, unit

REPRESENTATIVES = 20


@dataclass(frozen=True, kw_only=True)
class Centres:
    """centroids: (k, dimensions) of the combined vectors. distances: (n,), 1 - cosine to the own one, NaN for noise."""

    centroids: Matrix
    distances: NDArray[np.float32]
    representatives: tuple[tuple[int, ...], ...]


def centres_of(vectors: Vectors, assignments: NDArray[np.int32], clusters: int) -> Centres:
    """Reads the clustered rows twice, piece by piece."""
    rows = np.flatnonzero(assignments != NOISE)
    sums = np.zeros((clusters, vectors.dimensions))
    for piece, matrix in vectors.chunks(rows):
        _add(sums, assignments[piece], matrix)
    sizes = np.bincount(assignments[rows], minlength=clusters)
    centroids = (sums / np.maximum(sizes, 1)[:, None]).astype(np.float32)
    return around(vectors, assignments, centroids)


def around(vectors: Vectors, assignments: NDArray[np.int32], centroids: Matrix) -> Centres:
    """The distances of the clustered rows to given centroids, and the rows nearest to each."""
    rows = np.flatnonzero(assignments != NOISE)
    distances = np.full(len(assignments), np.nan, np.float32)
    directions = unit(centroids)
    for piece, matrix in vectors.chunks(rows):
        cosines = np.einsum("ij,ij->i", unit(matrix), directions[assignments[piece]])
        distances[piece] = np.clip(1 - cosines, 0, 2)
    return Centres(
        centroids=centroids,
        distances=distances,
        representatives=_nearest(rows, assignments, distances, len(centroids)),
    )


def closeness(distances: NDArray[np.float32]) -> JsonObject:
    """The contract's figures of the cosines to the own centroid; none when all is noise."""
    known = 1 - distances[np.isfinite(distances)].astype(float)
    if not len(known):
        return {}
    return {
        "mean_cosine_to_centroid": round(float(known.mean()), 6),
        "min_cosine_to_centroid": round(float(known.min()), 6),
    }


def _add(sums: NDArray[np.float64], labels: NDArray[np.int32], matrix: Matrix) -> None:
    """Adds each row of the matrix to its cluster's sum."""
    order = np.argsort(labels, kind="stable")
    found, starts = np.unique(labels[order], return_index=True)
    sums[found] += np.add.reduceat(matrix[order], starts, axis=0, dtype=np.float64)


def _nearest(
    rows: Rows, assignments: NDArray[np.int32], distances: NDArray[np.float32], clusters: int
) -> tuple[tuple[int, ...], ...]:
    order = rows[np.lexsort((rows, distances[rows], assignments[rows]))]
    ends = np.searchsorted(assignments[order], np.arange(clusters + 1))
    return tuple(tuple(order[start : min(start + REPRESENTATIVES, end)].tolist()) for start, end in pairwise(ends))
