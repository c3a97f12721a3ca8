"""Documents that look alike, put into groups by their vectors: pure.

A group is a typical document with those nearest to it. How near is near enough is read off the vectors themselves,
since each model has a scale of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

NEIGHBOUR = 3
"""The neighbour whose likeness tells how near the members of one kind are to each other."""
SHARE = 0.35
"""The share of documents that are less alike to that neighbour than near enough."""
LEAST = 0.2


@dataclass(frozen=True, slots=True)
class Member:
    """A document, by its place in what was given, and its likeness (cosine, -1..1) to the typical one of its group."""

    place: int
    likeness: float


def look_alikes(vectors: Floats, most: int) -> list[list[Member]]:
    """Groups of at most so many rows of unit `vectors`, the largest first, in each the typical one first.

    Every row is in one group. Memory and time grow with the square of the rows: a few thousand at most.
    """
    likeness: Floats = vectors @ vectors.T
    least = near_enough(likeness)
    left = np.ones(len(vectors), dtype=bool)
    near = (likeness >= least).sum(axis=1)
    groups: list[list[Member]] = []
    while left.any():
        typical = int(np.argmax(np.where(left, near, -1)))
        places = _grown(likeness, left, typical, least, most)
        near = near - (likeness[:, places] >= least).sum(axis=1)
        groups.append([Member(place, float(likeness[typical, place])) for place in places])
    return sorted(groups, key=lambda group: -len(group))


def near_enough(likeness: Floats) -> float:
    """The likeness from which two documents are taken for one kind."""
    if len(likeness) <= NEIGHBOUR:
        return 1.0 - LEAST
    # The row itself is among its neighbours.
    ranked = np.partition(likeness, -NEIGHBOUR - 1, axis=1)[:, -NEIGHBOUR - 1]
    return max(LEAST, float(np.quantile(ranked, SHARE)))


def _grown(likeness: Floats, left: NDArray[np.bool_], typical: int, least: float, most: int) -> list[int]:
    """The typical one and, one by one, those that are nearest to all that are in already; takes them out of `left`."""
    places, total = [typical], likeness[typical].copy()
    left[typical] = False
    while len(places) < most:
        mean = np.where(left, total / len(places), -1)
        nearest = int(np.argmax(mean))
        if mean[nearest] < least:
            break
        places.append(nearest)
        left[nearest] = False
        total += likeness[nearest]
    return places


def unit_rows(vectors: Sequence[bytes]) -> Floats:
    """Stored vectors (little-endian float16) as rows of unit length."""
    rows = np.stack([np.frombuffer(each, "<f2") for each in vectors]).astype(np.float32)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(lengths == 0, 1, lengths), dtype=np.float32)
