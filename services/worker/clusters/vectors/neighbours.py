"""The nearest neighbours of vectors, found once for all that need them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.vectors.vectors import Matrix, unit

# Up to here every distance is computed, which is exact, and quicker than compiling and descending a graph.
EXACT_ROWS = 60_000
METRICS = ("cosine", "euclidean", "manhattan", "chebyshev", "correlation")


@dataclass(frozen=True, kw_only=True)
class Graph:
    """Of each vector, itself among them, nearest first: int32 rows and float32 distances, both (n, k)."""

    rows: NDArray[np.int32]
    distances: Matrix

    def nearest(self, count: int) -> "Graph":
        """The first `count` of each."""
        return Graph(rows=self.rows[:, :count].copy(), distances=self.distances[:, :count].copy())


class Neighbours:
    """The graphs of one matrix, float32 (n, dimensions)."""

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        self._graphs: dict[str, Graph] = {}

    def graph(self, metric: str, count: int) -> Graph:
        """`count` neighbours each, or as many as there are."""
        count = min(count, len(self.matrix))
        if metric not in self._graphs or self._graphs[metric].rows.shape[1] < count:
            self._graphs[metric] = _graph(self.matrix, metric, count)
        return self._graphs[metric].nearest(count)


def searcher(matrix: Matrix, count: int, metric: str = "euclidean") -> Any:
    """An exact search for the `count` nearest rows of the matrix, in bounded memory."""
    from sklearn.neighbors import NearestNeighbors

    return NearestNeighbors(n_neighbors=min(count, len(matrix)), algorithm="brute", metric=metric).fit(matrix)


def _graph(matrix: Matrix, metric: str, count: int) -> Graph:
    if len(matrix) > EXACT_ROWS:
        return _approximate(matrix, metric, count)
    seen, is_angle = _seen(matrix, metric)
    distances, rows = searcher(seen, count, "euclidean" if is_angle else metric).kneighbors(seen)
    distances = distances**2 / 2 if is_angle else distances
    return Graph(rows=rows.astype(np.int32), distances=distances.astype(np.float32))


def _seen(matrix: Matrix, metric: str) -> tuple[Matrix, bool]:
    """The vectors on the unit sphere when only their angles count: there, euclidean distances order alike."""
    if metric == "correlation":
        matrix = matrix - matrix.mean(axis=1, keepdims=True)
    return (unit(matrix), True) if metric in ("cosine", "correlation") else (matrix, False)


def _approximate(matrix: Matrix, metric: str, count: int) -> Graph:
    from pynndescent import NNDescent

    rows, distances = NNDescent(
        matrix, metric=metric, n_neighbors=count, random_state=42, low_memory=True
    ).neighbor_graph
    return Graph(rows=rows.astype(np.int32), distances=distances.astype(np.float32))
