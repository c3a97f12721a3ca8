"""Exact search of a matrix: usearch finds the few, float64 ranks them.

usearch rounds the query to float16, so its cosines are off by up to the length of what was rounded away. Whatever could
still be among the best after that error is ranked again exactly; so nothing that a brute force would find is missed.
"""

import numpy as np
from numpy.typing import NDArray
from usearch.compiled import MetricKind
from usearch.index import BatchMatches, Matches
from usearch.index import search as usearch_search

from services.index.domain import Keys, Matrix, Queries, Vector

Scores = NDArray[np.float32]
SPARE = 16
ARITHMETIC_ERROR = 2e-5


def nearest(matrix: Matrix, queries: Queries, count: int) -> list[tuple[Keys, Scores]]:
    """For each query, positions and exact cosines of rows that include its `count` best and all that tie with them."""
    if not len(matrix) or not len(queries):
        return [_nothing() for _ in queries]
    found = usearch_search(matrix, queries, min(len(matrix), count + SPARE), MetricKind.Cos, exact=True, threads=1)
    return [
        _settle(matrix, query, positions, 1.0 - distances, count)
        for query, (positions, distances) in zip(queries, per_query(found), strict=True)
    ]


def cosines(rows: Matrix, query: Vector) -> Scores:
    """Cosines of stored rows with a query, computed in float64."""
    wide = rows.astype(np.float64)
    target = query.astype(np.float64)
    norms = np.sqrt(np.einsum("ij,ij->i", wide, wide)) * np.linalg.norm(target)
    scores: Scores = (wide @ target / norms).astype(np.float32)
    return scores


def per_query(found: Matches | BatchMatches) -> list[tuple[Keys, Scores]]:
    """Keys and distances of each query; usearch answers a batch of one as if it were none."""
    if isinstance(found, Matches):
        return [(found.keys.astype(np.int64), found.distances)]
    rows = zip(found.keys.astype(np.int64), found.distances, found.counts, strict=True)
    return [(keys[:count], distances[:count]) for keys, distances, count in rows]


def _settle(matrix: Matrix, query: Vector, positions: Keys, rough: Scores, count: int) -> tuple[Keys, Scores]:
    scores = cosines(matrix[positions], query)
    if len(positions) == len(matrix):
        return positions, scores
    error = _error(query, rough, scores)
    bar = float(np.partition(scores, -count)[-count]) - error
    if rough[-1] < bar:
        return positions, scores
    every = usearch_search(matrix, query[None], len(matrix), MetricKind.Cos, exact=True, threads=1)
    [(positions, distances)] = per_query(every)
    positions = positions[1.0 - distances >= bar]
    return positions, cosines(matrix[positions], query)


def _error(query: Vector, rough: Scores, scores: Scores) -> float:
    """How far usearch's cosines may be off: what rounding the query can do, or more where more was seen."""
    rounded = float(np.linalg.norm(query - query.astype(np.float16)))
    return max(rounded + ARITHMETIC_ERROR, 4.0 * float(np.abs(rough - scores).max()))


def _nothing() -> tuple[Keys, Scores]:
    return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
