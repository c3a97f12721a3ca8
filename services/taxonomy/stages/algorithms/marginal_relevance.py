"""Maximal marginal relevance: the next candidate is relevant, and unlike those already chosen."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def choose(relevance: Sequence[float], likeness: Matrix, weight: float, count: int) -> list[tuple[int, float]]:
    """(position, score) of at most `count` candidates; `likeness` is n x n, `weight` of relevance is 0..1."""
    scores = np.asarray(relevance, dtype=np.float64)
    nearest = np.zeros(len(scores))
    remaining = np.ones(len(scores), dtype=bool)
    chosen: list[tuple[int, float]] = []
    while len(chosen) < min(count, len(scores)):
        marginal = np.where(remaining, weight * scores - (1 - weight) * nearest, -np.inf)
        best = int(marginal.argmax())
        chosen.append((best, float(marginal[best])))
        remaining[best] = False
        nearest = np.maximum(nearest, likeness[best])
    return chosen


def cosines(vectors: Sequence[NDArray[np.float32] | None]) -> Matrix:
    """n x n cosines of unit vectors, at least 0; whoever has no vector is like nobody."""
    known = next((vector for vector in vectors if vector is not None), None)
    if known is None:
        return np.zeros((len(vectors), len(vectors)))
    rows = np.stack([np.zeros_like(known) if vector is None else vector for vector in vectors]).astype(np.float64)
    return np.asarray(np.clip(rows @ rows.T, 0.0, 1.0))


def agreement(keys: Sequence[str]) -> Matrix:
    """n x n: 1 where two keys are equal, else 0."""
    _, numbers = np.unique(np.asarray(keys, dtype=object), return_inverse=True)
    return np.asarray(numbers[:, None] == numbers[None, :], dtype=np.float64)
