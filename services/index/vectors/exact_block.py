"""Vectors in one contiguous float16 matrix, searched exactly."""

from collections.abc import Sequence

import numpy as np

from services.index.domain import Candidates, Keys, Matrix, Queries, RowKey
from services.index.vectors.exact_search import nearest

SMALLEST = 64


class Block:
    """Rows in no order; removing one moves the last row into its place."""

    mode = "exact"

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._matrix: Matrix = np.empty((SMALLEST, dimensions), dtype=np.float16)
        self._keys: Keys = np.empty(SMALLEST, dtype=np.int64)
        self._slots: dict[RowKey, int] = {}

    def __len__(self) -> int:
        return len(self._slots)

    def __contains__(self, key: RowKey) -> bool:
        return key in self._slots

    @property
    def capacity(self) -> int:
        """Rows that fit before the block must grow."""
        return len(self._keys)

    @property
    def matrix(self) -> Matrix:
        """The rows in use, shape (count, dimensions); a view, valid until the next change."""
        return self._matrix[: len(self)]

    def row_keys(self) -> list[RowKey]:
        """The row keys, in the order of the rows."""
        return list(map(RowKey, self._keys[: len(self)].tolist()))

    def get(self, keys: Sequence[RowKey]) -> Matrix:
        """A copy of the vectors under `keys`, in their order; KeyError when one is absent."""
        return self._matrix[[self._slots[key] for key in keys]]

    def put(self, keys: Sequence[RowKey], vectors: Matrix) -> None:
        """Adds vectors, or replaces those whose key is present."""
        self._resize(len(self) + len(keys))
        for key, vector in zip(keys, vectors, strict=True):
            slot = self._slots.setdefault(key, len(self._slots))
            self._matrix[slot] = vector
            self._keys[slot] = key

    def remove(self, keys: Sequence[RowKey]) -> None:
        """Removes vectors; absent keys are ignored."""
        for key in keys:
            slot = self._slots.pop(key, None)
            if slot is None:
                continue
            last = len(self._slots)
            if slot != last:
                moved = RowKey(int(self._keys[last]))
                self._matrix[slot], self._keys[slot], self._slots[moved] = self._matrix[last], moved, slot
        self._resize(len(self))

    def search(self, queries: Queries, count: int) -> list[Candidates]:
        """For each query, candidates that include its `count` nearest."""
        return [Candidates(self._keys[positions], scores) for positions, scores in nearest(self.matrix, queries, count)]

    def cost(self, queries: int) -> int:
        """Multiply-adds that a search of so many queries takes."""
        return queries * len(self) * self.dimensions

    def _resize(self, needed: int) -> None:
        capacity = self.capacity
        if capacity // 4 < needed <= capacity or (needed <= capacity == SMALLEST):
            return
        capacity = max(SMALLEST, needed + needed // 2)
        matrix, keys = self.matrix, self._keys[: len(self)]
        self._matrix = np.empty((capacity, self.dimensions), dtype=np.float16)
        self._keys = np.empty(capacity, dtype=np.int64)
        self._matrix[: len(matrix)], self._keys[: len(keys)] = matrix, keys
