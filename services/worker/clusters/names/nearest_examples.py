"""The labelled examples nearest to groups: documents that people labelled, by their distance to the centroids."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from services.common.database.pool import Executor
from services.common.labels.human_labels import HUMAN, IMPORT
from services.worker.clusters.names.member_words import label_in

MOST_EXAMPLES = 5_000
# The newest, since they are what people say by now.
EXAMPLES = """
    SELECT d.document_id, e.vector, label.value ->> 'value' AS label
    FROM documents d
    JOIN embeddings e ON e.document_id = d.document_id AND e.feature_uri = $2 AND e.model = $3
    CROSS JOIN LATERAL jsonb_each(d.labels) AS label
    WHERE d.collection_id = ANY($1) AND label.value ->> 'source' = ANY($4) AND label.value ->> 'value' IS NOT NULL
    ORDER BY d.row_key DESC LIMIT $5"""


@dataclass(frozen=True, kw_only=True)
class Example:
    """The label of the labelled document nearest to a group, and how near it is: a cosine."""

    document_id: str
    label: str
    similarity: float


@dataclass(frozen=True, kw_only=True)
class Examples:
    """Labelled documents with their vectors, shape (n, dimensions), of unit norm."""

    document_ids: tuple[str, ...]
    labels: tuple[str, ...]
    vectors: NDArray[np.float32]

    def nearest(self, centroid: NDArray[np.floating]) -> Example | None:
        """The nearest one; None where there is none, or none of the centroid's size."""
        if not self.labels or self.vectors.shape[1:] != centroid.shape:
            return None
        length = float(np.linalg.norm(centroid))
        if not np.isfinite(length) or length == 0:
            return None
        cosines = self.vectors @ (centroid.astype(np.float32) / np.float32(length))
        best = int(np.argmax(cosines))
        if cosines[best] <= 0:
            return None
        return Example(
            document_id=self.document_ids[best], label=self.labels[best], similarity=round(float(cosines[best]), 4)
        )


async def read_examples(db: Executor, collection_ids: Sequence[str], feature_uri: str, model: str) -> Examples:
    """What people labelled in these collections."""
    rows = await db.fetch(EXAMPLES, list(collection_ids), feature_uri, model, [HUMAN, IMPORT], MOST_EXAMPLES)
    found = [(row, label) for row in rows if (label := label_in(row["label"]))]
    if not found:
        return Examples(document_ids=(), labels=(), vectors=np.empty((0, 0), np.float32))
    return Examples(
        document_ids=tuple(row["document_id"] for row, _ in found),
        labels=tuple(label for _, label in found),
        vectors=np.stack([np.frombuffer(row["vector"], "<f2").astype(np.float32) for row, _ in found]),
    )
