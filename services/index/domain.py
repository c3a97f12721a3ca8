"""The index's own words: keys, entries, hits and digests. No I/O."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, NewType

import numpy as np
from numpy.typing import NDArray

NamespaceId = NewType("NamespaceId", str)
CollectionId = NewType("CollectionId", str)
FeatureUri = NewType("FeatureUri", str)
DocumentId = NewType("DocumentId", str)
ObjectId = NewType("ObjectId", str)
RowKey = NewType("RowKey", int)
"""`documents.row_key`: the number under which a document's vector is kept; never used twice."""

Matrix = NDArray[np.float16]
"""Stored vectors, one per row, exactly the bytes of the database."""
Queries = NDArray[np.float32]
"""Unit vectors, one per row."""
Vector = NDArray[np.float32]
Keys = NDArray[np.int64]


@dataclass(frozen=True, order=True, slots=True)
class ShardKey:
    """Names the vectors of one feature of one collection; a collection of another namespace is another shard."""

    namespace_id: NamespaceId
    collection_id: CollectionId
    feature_uri: FeatureUri


class Entry(NamedTuple):
    """Whose vector lies under a row key."""

    key: RowKey
    document_id: DocumentId
    object_id: ObjectId


class Candidates(NamedTuple):
    """Row keys and cosines that certainly include the nearest asked for; unsorted. Both of shape (found,)."""

    keys: Keys
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Hit:
    """One neighbour; `score` is the cosine, clamped to 0..1."""

    document_id: DocumentId
    collection_id: CollectionId
    object_id: ObjectId
    score: float


def best_hits(hits: Iterable[Hit], top_k: int) -> list[Hit]:
    """The `top_k` highest scores, best first; equal scores in the order of their document ids."""
    return sorted(hits, key=lambda hit: (-hit.score, hit.document_id))[:top_k]


def unit(vector: NDArray[np.float16]) -> Vector:
    """A stored vector as a query, without the error that float16 left in its length."""
    wide = vector.astype(np.float32)
    return wide / np.float32(np.linalg.norm(wide))


def clamp(cosine: float) -> float:
    """The contract's score: 0..1."""
    return min(1.0, max(0.0, cosine))


def digest(document_ids: Sequence[DocumentId], vectors: Matrix) -> str:
    """SHA-256 (hex) over the lines "document_id:sha256(vector bytes)", sorted by id; `vectors` in the ids' order."""
    total = hashlib.sha256()
    for position in sorted(range(len(document_ids)), key=document_ids.__getitem__):
        line = f"{document_ids[position]}:{hashlib.sha256(vectors[position].tobytes()).hexdigest()}\n"
        total.update(line.encode())
    return total.hexdigest()
