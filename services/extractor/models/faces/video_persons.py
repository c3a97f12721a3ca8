"""Which of the faces of a video are one person. Pure."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def best_of_each(embeddings: NDArray[np.float32], ranks: Sequence[float], threshold: float) -> list[int]:
    """The rows to keep, ascending: of each person the face of the highest rank, the earliest among equals.

    `embeddings` (n, dimensions) have unit norm. Two faces are one person when their cosine reaches `threshold`, or when
    faces in between lead from one to the other: in a video a head turns, and each face is like the one before.
    """
    alike = embeddings @ embeddings.T >= threshold
    unseen = np.ones(len(embeddings), bool)
    return sorted(_best(_person(alike, start, unseen), ranks) for start in range(len(embeddings)) if unseen[start])


def _person(alike: NDArray[np.bool_], start: int, unseen: NDArray[np.bool_]) -> list[int]:
    """All rows that are linked to `start`; takes them out of `unseen`."""
    unseen[start] = False
    members = [start]
    for member in members:  # grows while it is walked
        linked = np.flatnonzero(alike[member] & unseen)
        unseen[linked] = False
        members.extend(linked.tolist())
    return members


def _best(members: Sequence[int], ranks: Sequence[float]) -> int:
    return min(members, key=lambda member: (-ranks[member], member))
