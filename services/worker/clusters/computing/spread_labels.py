"""From a clustered sample to all rows: each goes where its nearest sampled neighbours are."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.worker.clusters.plan.group_sizes import NOISE
from services.worker.clusters.vectors.near_copies import NEARLY
from services.worker.clusters.vectors.neighbours import searcher
from services.worker.clusters.vectors.points import Labels
from services.worker.clusters.vectors.vectors import Matrix, Rows, Vectors, unit

VOTES = 5
LEAST_DISTANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Sampled:
    """The sampled rows with their vectors, labels and coordinates, in the same order.

    `voters` are the places of those that vote on other rows: of several copies one.
    """

    rows: Rows
    matrix: Matrix
    labels: Labels
    coordinates: Matrix | None
    voters: Rows


def spread(
    vectors: Vectors, usable: Rows, sampled: Sampled, *, has_noise: bool
) -> tuple[NDArray[np.int64], Matrix | None]:
    """Labels (n,) and coordinates (n, 2 or 3) of all rows; those that are not usable are noise, in the middle.

    With noise, a row is in a cluster only if it is as near to a member as the members are to each other.
    """
    labels = np.full(len(vectors), NOISE, np.int64)
    labels[sampled.rows] = sampled.labels
    coordinates = _canvas(len(vectors), sampled)
    rest = np.setdiff1d(usable, sampled.rows, assume_unique=True)
    if not len(rest):
        return labels, coordinates
    electorate = _Electorate(sampled, has_noise=has_noise)
    for piece, matrix in vectors.chunks(rest):
        labels[piece], places = electorate.decide(unit(matrix))
        if coordinates is not None and places is not None:
            coordinates[piece] = places
    return labels, coordinates


def _canvas(rows: int, sampled: Sampled) -> Matrix | None:
    if sampled.coordinates is None:
        return None
    middle = sampled.coordinates.mean(axis=0) if len(sampled.rows) else np.zeros(sampled.coordinates.shape[1])
    coordinates = np.tile(middle, (rows, 1)).astype(np.float32)
    coordinates[sampled.rows] = sampled.coordinates
    return coordinates


class _Electorate:
    """The sample, asked for the label and the place of other vectors."""

    def __init__(self, sampled: Sampled, *, has_noise: bool) -> None:
        directions = unit(sampled.matrix[sampled.voters])
        self._labels = sampled.labels[sampled.voters]
        self._places = None if sampled.coordinates is None else sampled.coordinates[sampled.voters]
        self._searcher = searcher(directions, VOTES)
        self._reach = self._reach_of_clusters(directions) if has_noise else None

    def decide(self, directions: Matrix) -> tuple[Labels, Matrix | None]:
        """Labels (m,) and coordinates (m, 2 or 3): the nearest sampled vectors vote, the nearer the heavier."""
        distances, rows = self._searcher.kneighbors(directions)
        weights = 1 / np.maximum(distances, LEAST_DISTANCE)
        votes = self._labels[rows]
        agreeing = votes[:, :, None] == votes[:, None, :]
        winner = np.argmax((agreeing * weights[:, None, :]).sum(axis=2), axis=1)
        labels = np.take_along_axis(votes, winner[:, None], axis=1)[:, 0]
        kept = votes == labels[:, None]
        return self._within_reach(labels, np.where(kept, distances, np.inf).min(axis=1)), self._place(
            rows, weights * kept
        )

    def _place(self, rows: Rows, weights: NDArray[np.float64]) -> Matrix | None:
        if self._places is None:
            return None
        places = self._places[rows] * weights[:, :, None]
        return np.asarray(places.sum(axis=1) / weights.sum(axis=1, keepdims=True), np.float32)

    def _within_reach(self, labels: Labels, nearest: NDArray[np.float64]) -> Labels:
        if self._reach is None:
            return labels
        return np.where(nearest <= self._reach[labels], labels, NOISE)

    def _reach_of_clusters(self, directions: Matrix) -> NDArray[np.float64]:
        """Per label, and at its end for noise, how far a member's nearest fellow is at most.

        Copies alone, of which one votes, reach as far as a near copy does.
        """
        distances, rows = self._searcher.kneighbors(directions)
        labels = self._labels
        fellows = (labels[rows] == labels[:, None]) & (rows != np.arange(len(labels))[:, None])
        nearest = np.where(fellows, distances, 0).max(axis=1)
        reach = np.zeros(labels.max(initial=NOISE) + 2)
        np.maximum.at(reach, labels, nearest)
        single = np.flatnonzero(np.bincount(labels[labels != NOISE], minlength=len(reach) - 1) == 1)
        reach[single] = math.sqrt(2 * (1 - NEARLY))
        return reach
