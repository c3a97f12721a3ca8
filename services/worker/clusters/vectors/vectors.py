"""The vectors of a folder, memory-mapped, seen as one combined vector per row."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]
Rows = NDArray[np.int64]
SEED = 42
CHUNK_BYTES = 32 * 2**20


class Vectors:
    """Features side by side, each of unit norm if wanted, scaled so that a dot product is a weighted mean of theirs."""

    def __init__(self, features: tuple[NDArray[Any], ...], scales: tuple[float, ...], *, normalize: bool) -> None:
        self._features = features
        self._scales = scales
        self._normalize = normalize
        self._ends = np.cumsum([each.shape[1] for each in features])

    def __len__(self) -> int:
        return int(self._features[0].shape[0])

    @property
    def dimensions(self) -> int:
        """Of the combined vector."""
        return int(self._ends[-1])

    @property
    def features(self) -> "tuple[Vectors, ...]":
        """Each feature alone."""
        return tuple(Vectors((each,), (1.0,), normalize=self._normalize) for each in self._features)

    def take(self, rows: Rows | slice) -> Matrix:
        """The combined vectors of these rows, float32 (rows, dimensions); NaN where a vector has no direction."""
        parts = [self._part(feature[rows], scale) for feature, scale in zip(self._features, self._scales, strict=True)]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)

    def chunks(self, rows: Rows) -> Iterator[tuple[Rows, Matrix]]:
        """The rows piece by piece with their combined vectors, in bounded memory."""
        size = max(CHUNK_BYTES // (4 * self.dimensions), 1)
        for start in range(0, len(rows), size):
            piece = rows[start : start + size]
            yield piece, self.take(piece)

    def usable(self) -> Rows:
        """The rows that can be compared: finite, and not zero."""
        found = [piece[np.isfinite(norms_of(matrix)[:, 0])] for piece, matrix in self.chunks(np.arange(len(self)))]
        return np.concatenate(found) if found else np.zeros(0, np.int64)

    def split(self, matrix: Matrix) -> tuple[Matrix, ...]:
        """Combined vectors as those of each feature again, of unit norm if the features are."""
        parts = np.split(matrix, self._ends[:-1], axis=1)
        scaled = (part / np.float32(scale or 1.0) for part, scale in zip(parts, self._scales, strict=True))
        return tuple(np.ascontiguousarray(unit(part) if self._normalize else part) for part in scaled)

    def _part(self, stored: NDArray[Any], scale: float) -> Matrix:
        with np.errstate(over="ignore", invalid="ignore"):
            matrix = np.asarray(stored, dtype=np.float32)
            norms = norms_of(matrix)
            return np.asarray(matrix / norms * scale if self._normalize else matrix * (scale + 0 * norms), np.float32)


def drawn(rows: Rows, most: int) -> Rows:
    """At most that many of the rows, drawn evenly, the same ones every time, in order."""
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(SEED).choice(rows, most, replace=False))


def norms_of(matrix: Matrix) -> Matrix:
    """Of each row, (rows, 1); NaN for one that is zero or not finite."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.where(np.isfinite(norms) & (norms > 0), norms, np.nan).astype(np.float32)


def unit(matrix: Matrix) -> Matrix:
    """Rows of unit norm; zeros stay."""
    return np.asarray(matrix / np.nan_to_num(norms_of(matrix), nan=1.0), np.float32)
