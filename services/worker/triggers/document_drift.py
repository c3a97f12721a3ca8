"""What conditions measure: how many documents there are, and where they lie on average. Bounded, whatever the size."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.common.database.pool import Connection

SAMPLE = 1000
COUNT = "SELECT collection_id, count(*) AS documents FROM documents WHERE collection_id = ANY($1) GROUP BY 1"
ALL = """
    SELECT e.feature_uri || ' ' || e.model AS feature, e.vector FROM documents d JOIN embeddings e USING (document_id)
    WHERE d.collection_id = $1 ORDER BY d.row_key LIMIT $2"""
# Documents at even distances in the order in which they were made: the same ones as long as nothing changes.
SPREAD = """
    WITH span AS (SELECT min(row_key) AS low, max(row_key) AS high FROM documents WHERE collection_id = $1),
    chosen AS (
      SELECT DISTINCT d.document_id, d.row_key FROM span CROSS JOIN generate_series(0, $2 - 1) AS step
      CROSS JOIN LATERAL (
        SELECT document_id, row_key FROM documents
        WHERE collection_id = $1 AND row_key >= low + (high - low) * step / $2 ORDER BY row_key LIMIT 1) AS d)
    SELECT e.feature_uri || ' ' || e.model AS feature, e.vector FROM chosen JOIN embeddings e USING (document_id)
    ORDER BY chosen.row_key"""
Means = Mapping[str, Sequence[float]]


@dataclass(frozen=True, kw_only=True)
class Average:
    """Feature and model -> mean vector of a sample of so many vectors."""

    means: Means
    sample_size: int


async def count_documents(connection: Connection, collection_ids: Sequence[str]) -> dict[str, int]:
    """Collection -> number of documents; one without any is missing."""
    rows = await connection.fetch(COUNT, list(collection_ids))
    return {row["collection_id"]: row["documents"] for row in rows}


async def average(connection: Connection, counts: Mapping[str, int]) -> Average:
    """The mean vectors of the collections counted, each of which has its share in the sample."""
    found: dict[str, list[NDArray[np.float32]]] = defaultdict(list)
    share = max(SAMPLE // max(len(counts), 1), 1)
    for collection_id, documents in sorted(counts.items()):
        for row in await connection.fetch(ALL if documents <= share else SPREAD, collection_id, share):
            found[row["feature"]].append(np.frombuffer(row["vector"], dtype="<f2").astype(np.float32))
    means = {feature: np.mean(vectors, axis=0).tolist() for feature, vectors in found.items()}
    return Average(means=means, sample_size=sum(len(vectors) for vectors in found.values()))


def drift(before: Means, now: Means) -> float | None:
    """1 - cosine of the mean vectors, the largest of all features; None where nothing is in both."""
    found = [1.0 - _cosine(np.array(before[name]), np.array(now[name])) for name in before.keys() & now.keys()]
    return max(found, default=None)


def _cosine(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """The mean of opposites has no direction, and is like nothing but itself."""
    norms = float(np.linalg.norm(one) * np.linalg.norm(other))
    if norms < 1e-9:
        return 1.0 if np.allclose(one, other, atol=1e-6) else 0.0
    return float(np.clip(one @ other / norms, -1.0, 1.0))


def change(metric: str, before: int, now: int) -> float:
    """By how much the number of documents has changed, in documents or as a share of those before."""
    difference = abs(now - before)
    return float(difference) if metric == "document_count" else difference / max(before, 1)
