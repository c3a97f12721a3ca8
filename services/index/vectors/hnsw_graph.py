"""Vectors in a usearch HNSW graph: fast where many, and nearly always right; `recall` says how nearly."""

import os
from collections.abc import Sequence
from typing import cast

import numpy as np
from usearch.compiled import MetricKind, ScalarKind
from usearch.index import Index

from services.index.domain import Candidates, Keys, Matrix, Queries, RowKey, Vector
from services.index.vectors.exact_search import SPARE, Scores, cosines, per_query

CONNECTIVITY = 16
EXPANSIONS = (128, 256, 512, 1024)
ENOUGH_RECALL = 0.98
CLOSE = 1e-4
THREADS = max(1, (os.cpu_count() or 1) // 2)
"""For adding: a graph under construction must leave room for searches."""


class Graph:
    """Keeps the only copy of its vectors. Scores are exact; which rows are found is approximate."""

    mode = "hnsw"

    def __init__(self, dimensions: int, index: Index | None = None) -> None:
        self.dimensions = dimensions
        self.index = index if index is not None else empty_index(dimensions)

    @property
    def expansion(self) -> int:
        """How many candidates a search keeps in hand; more find more and cost more."""
        return self.index.expansion_search

    @expansion.setter
    def expansion(self, value: int) -> None:
        self.index.expansion_search = value  # type: ignore[misc]  # its setter stands apart from its getter

    def __len__(self) -> int:
        return len(self.index)

    def __contains__(self, key: RowKey) -> bool:
        return key in self.index

    def row_keys(self) -> list[RowKey]:
        """The row keys, in no order."""
        return list(map(RowKey, np.asarray(self.index.keys).tolist()))

    def get(self, keys: Sequence[RowKey]) -> Matrix:
        """A copy of the vectors under `keys`, in their order; KeyError when one is absent."""
        if not keys:
            return np.empty((0, self.dimensions), dtype=np.float16)
        found = cast("tuple[Matrix | None, ...]", self.index.get(np.asarray(keys, dtype=np.uint64)))
        missing = [key for key, vector in zip(keys, found, strict=True) if vector is None]
        if missing:
            raise KeyError(missing[0])
        return np.asarray(found, dtype=np.float16)

    def put(self, keys: Sequence[RowKey], vectors: Matrix) -> None:
        """Adds vectors, or replaces those whose key is present."""
        if keys:
            self.remove(keys)
            self.index.add(np.asarray(keys, dtype=np.uint64), vectors, copy=True, threads=THREADS)

    def remove(self, keys: Sequence[RowKey]) -> None:
        """Removes vectors; absent keys are ignored."""
        if keys:
            self.index.remove(np.asarray(keys, dtype=np.uint64))

    def search(self, queries: Queries, count: int) -> list[Candidates]:
        """For each query, candidates that nearly always include its `count` nearest."""
        return self._search(queries, count, exact=False)

    def cost(self, queries: int) -> int:
        """Multiply-adds that a search of so many queries takes, roughly."""
        return queries * self.expansion * CONNECTIVITY * self.dimensions

    def recall(self, sample: Queries, count: int = 10) -> float:
        """The part of the `count` nearest of each sample that the graph finds; as good as the last of them counts."""
        truth = self._search(sample, count, exact=True)
        found = self._search(sample, count, exact=False)
        parts = [_share_found(few.scores, all_.scores, count) for few, all_ in zip(found, truth, strict=True)]
        return float(np.mean(parts)) if parts else 1.0

    def _search(self, queries: Queries, count: int, *, exact: bool) -> list[Candidates]:
        if not len(self) or not len(queries):
            return [Candidates(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in queries]
        wanted = min(len(self), count + SPARE)
        found = per_query(self.index.search(queries, wanted, exact=exact, threads=1))
        return [self._rank(query, keys) for query, (keys, _) in zip(queries, found, strict=True)]

    def _rank(self, query: Vector, keys: Keys) -> Candidates:
        return Candidates(keys, cosines(self.get(list(map(RowKey, keys.tolist()))), query))


def empty_index(dimensions: int) -> Index:
    """A usearch index as this product uses it: its own default dtype would depend on the machine."""
    return Index(
        ndim=dimensions,
        metric=MetricKind.IP,
        dtype=ScalarKind.F16,
        connectivity=CONNECTIVITY,
        expansion_add=EXPANSIONS[0],
        expansion_search=EXPANSIONS[0],
    )


def _share_found(found: Scores, truth: Scores, count: int) -> float:
    wanted = min(count, len(truth))
    bar = np.sort(truth)[-wanted] - CLOSE
    return min(1.0, float((found >= bar).sum()) / wanted)
