"""Rows of the database, checked at the door: a vector that would spoil a search is left out and logged."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import structlog

from services.common.extractors.vectors import NORM_TOLERANCE
from services.index.domain import DocumentId, Entry, Matrix, ShardKey

log = structlog.get_logger()


class StoredVector(NamedTuple):
    """One embedding as the database holds it: little-endian float16 bytes."""

    shard: ShardKey
    entry: Entry
    content: bytes


class Rows(NamedTuple):
    """Entries and their vectors, in the same order, and the documents whose vector was refused."""

    entries: list[Entry]
    vectors: Matrix
    refused: list[DocumentId]


def check_rows(stored: Sequence[StoredVector], dimensions: int) -> Rows:
    """The rows whose vector is finite, of unit norm and of the right size."""
    sized = [row for row in stored if len(row.content) == 2 * dimensions]
    content = b"".join(row.content for row in sized)
    vectors = np.frombuffer(content, dtype="<f2").astype(np.float16, copy=False).reshape(-1, dimensions)
    with np.errstate(over="ignore", invalid="ignore"):
        norms = np.linalg.norm(vectors.astype(np.float32), axis=1)
    good = np.isfinite(norms) & (np.abs(norms - 1.0) <= NORM_TOLERANCE)
    entries = [row.entry for row, fine in zip(sized, good, strict=True) if fine]
    kept = {entry.document_id for entry in entries}
    refused = [row.entry.document_id for row in stored if row.entry.document_id not in kept]
    if refused:
        log.error(
            "vectors refused: not finite, not of unit norm, or not of the shard's dimension",
            documents=refused[:10],
            count=len(refused),
            dimensions=dimensions,
        )
    return Rows(entries, vectors[good], refused)
