"""Copies and near copies: clustered as one and carried along, since many points in one place hide all others. Pure.

UMAP lays equal points far apart, and beside twenty of them all other differences vanish.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.vectors.neighbours import Graph, Neighbours
from services.worker.clusters.vectors.points import Labels
from services.worker.clusters.vectors.vectors import Matrix, Rows, Vectors

# A near copy has this cosine at least, and is not half as far as the nearest neighbours of nine in ten documents.
NEARLY = 0.97
USUAL_SHARE, USUAL_PERCENTILE = 0.5, 90
NEARBY = 2 * (1 - NEARLY)
LOOKED_AT = 30
# Of a hundred near copies the thirty nearest may miss the one that leads: then the leaders are folded again.
ROUNDS = 10
DIGEST_BYTES = 16


@dataclass(frozen=True, kw_only=True)
class Folding:
    """leaders: places, rising, of those that stand for themselves and others; of: for each, which leader it is with."""

    leaders: Rows
    of: Rows

    def counts(self, weights: Rows | None = None) -> Rows:
        """How many each leader stands for, itself among them; `weights` say how many each already stood for."""
        return np.asarray(np.bincount(self.of, weights=weights, minlength=len(self.leaders)), np.int64)

    def then(self, other: "Folding") -> "Folding":
        """This folding, with its leaders folded once more."""
        return Folding(leaders=self.leaders[other.leaders], of=other.of[self.of])


def alone(count: int) -> Folding:
    """Everything stands for itself."""
    return Folding(leaders=np.arange(count), of=np.arange(count))


def equal_rows(vectors: Vectors, rows: Rows) -> Folding:
    """The rows with equal vectors, the first of each leading; places are those in `rows`."""
    seen: dict[bytes, int] = {}
    first = np.empty(len(rows), np.int64)
    place = 0
    for _, matrix in vectors.chunks(rows):
        for row in matrix + np.float32(0):  # -0.0 is 0.0
            first[place] = seen.setdefault(hashlib.blake2b(row, digest_size=DIGEST_BYTES).digest(), place)
            place += 1
    return _led(first)


def near_copies(neighbours: Neighbours) -> tuple[Folding, Neighbours]:
    """The near copies among different vectors, the first of each leading; and the neighbours of the leaders."""
    found = alone(len(neighbours.matrix))
    reach = None
    for _ in range(ROUNDS):
        if len(neighbours.matrix) < 2:
            break
        graph = neighbours.graph("cosine", LOOKED_AT)
        reach = _reach(graph) if reach is None else reach
        folded = _led(_leaders(graph, reach))
        if len(folded.leaders) == len(neighbours.matrix):
            break
        found, neighbours = found.then(folded), Neighbours(neighbours.matrix[folded.leaders])
    return found, neighbours


def heavy_ones_stand(labels: Labels, weights: Rows, smallest: int, neighbours: Neighbours) -> Labels:
    """What stands for as many documents as a group needs is a group of its own if it is noise, or is unlike the rest.

    What is nearly a near copy of it, and so is no place of its own, comes along. In a set in which most documents have
    copies, more of them are needed. Where there are such heaps alone and the method saw one group, or they are too few
    for it to see any, they are the groups.
    """
    if (weights >= smallest).all() and (labels.min() == labels.max() or len(labels) < smallest):
        return np.arange(len(labels))
    heavy = weights >= smallest * np.median(weights)
    graph = neighbours.graph("cosine", LOOKED_AT)
    around = graph.distances <= NEARBY
    apart = _isolated(graph, around)
    raised = labels.copy()
    for row in np.flatnonzero(heavy & ((labels == NOISE) | apart)):
        if raised[row] == labels[row]:
            raised[graph.rows[row][around[row]]] = raised.max(initial=NOISE) + 1
    return raised


def _isolated(graph: Graph, around: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Of each, whether the nearest of those not around it is further than nine in ten have their nearest."""
    beyond = np.where(around, np.inf, graph.distances).min(axis=1)
    return np.asarray(beyond > max(NEARBY, np.percentile(_nearest_other(graph), USUAL_PERCENTILE)))


def _reach(graph: Graph) -> float:
    """The distance up to which one is a near copy of another."""
    return min(1 - NEARLY, USUAL_SHARE * float(np.percentile(_nearest_other(graph), USUAL_PERCENTILE)))


def _nearest_other(graph: Graph) -> NDArray[np.float32]:
    others = np.where(graph.rows == np.arange(len(graph.rows))[:, None], np.inf, graph.distances)
    return np.asarray(others.min(axis=1), np.float32)


def _leaders(graph: Graph, reach: float) -> NDArray[np.int64]:
    """Of each row the first leader within reach, in their order: so nothing is led by what is further than that."""
    leader = np.arange(len(graph.rows))
    near = graph.distances <= reach
    for row in np.flatnonzero(near.sum(axis=1) > 1):
        ahead = [other for other in graph.rows[row][near[row]] if other < row and leader[other] == other]
        leader[row] = min(ahead, default=row)
    return leader


def _led(leader: NDArray[np.int64]) -> Folding:
    leaders, of = np.unique(leader, return_inverse=True)
    return Folding(leaders=leaders, of=of.reshape(-1))


def carried(places: Matrix | None, folding: Folding) -> Matrix | None:
    """Coordinates of the leaders as those of all."""
    return None if places is None else places[folding.of]
