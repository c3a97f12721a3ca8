"""Writes collections, documents and embeddings as the gateway and the worker do, without either."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.common.database.pool import Executor
from tests.support.tutorial.option_a import SLOT

DIMENSIONS = 32

NAMESPACE = "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ($1, $1) ON CONFLICT DO NOTHING"
BUCKET = """
    INSERT INTO buckets (bucket_id, namespace_id, bucket_name, bucket_schema)
    VALUES ('bkt_' || $1, $1, $1, '{}') ON CONFLICT DO NOTHING"""
COLLECTION = """
    INSERT INTO collections (collection_id, namespace_id, collection_name, bucket_ids, source, feature_extractor,
                             extractor, model, feature_uri, dimensions)
    VALUES ($1, $2, $1, ARRAY['bkt_' || $2], '{}', '{}', 'image_extractor@v1', 'test_model', $3, $4)"""
OBJECTS = """
    INSERT INTO objects (object_id, namespace_id, bucket_id)
    SELECT unnest($1::text[]), $2, 'bkt_' || $2 ON CONFLICT DO NOTHING"""
DOCUMENTS = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
    SELECT document_id, $1, $2, 'bkt_' || $1, object_id, part, jsonb_build_object('label', label)
    FROM unnest($3::text[], $4::text[], $5::int[], $6::text[]) AS given (document_id, object_id, part, label)"""
EMBEDDINGS = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT document_id, $1, 'test_model', octet_length(vector) / 2, vector
    FROM unnest($2::text[], $3::bytea[]) AS given (document_id, vector)"""


class Corpus:
    """One collection of one namespace."""

    def __init__(
        self, db: Executor, collection_id: str = "col_a", namespace_id: str = "ns_a", dimensions: int = DIMENSIONS
    ) -> None:
        self.db = db
        self.collection_id = collection_id
        self.namespace_id = namespace_id
        self.dimensions = dimensions

    async def create(self) -> "Corpus":
        """Writes the namespace, its bucket and the collection."""
        await self.db.execute(NAMESPACE, self.namespace_id)
        await self.db.execute(BUCKET, self.namespace_id)
        await self.db.execute(COLLECTION, self.collection_id, self.namespace_id, SLOT, self.dimensions)
        return self

    async def add(
        self,
        document_ids: Sequence[str],
        vectors: Iterable[NDArray[np.floating]],
        labels: Sequence[str | None] | None = None,
        object_id: str | None = None,
        db: "Executor | None" = None,
    ) -> None:
        """Writes documents and vectors; each document has an object of its own unless `object_id` is given."""
        db = db or self.db
        objects = [object_id or object_of(each) for each in document_ids]
        parts = list(range(len(document_ids))) if object_id else [0] * len(document_ids)
        contents = [np.ascontiguousarray(vector, dtype="<f2").tobytes() for vector in vectors]
        texts = list(labels) if labels is not None else [None] * len(document_ids)
        await db.execute(OBJECTS, objects, self.namespace_id)
        await db.execute(DOCUMENTS, self.namespace_id, self.collection_id, list(document_ids), objects, parts, texts)
        await db.execute(EMBEDDINGS, SLOT, list(document_ids), contents)

    async def label(self, document_id: str, label: str | None) -> None:
        """Sets the label of a document."""
        await self.db.execute(
            "UPDATE documents SET fields = jsonb_build_object('label', $2::text) WHERE document_id = $1",
            document_id,
            label,
        )

    async def replace(self, document_id: str, vector: NDArray[np.floating]) -> None:
        """Gives a document another vector."""
        content = np.ascontiguousarray(vector, dtype="<f2").tobytes()
        await self.db.execute("UPDATE embeddings SET vector = $2 WHERE document_id = $1", document_id, content)

    async def delete(self, document_id: str) -> None:
        """Deletes a document, and its embedding with it."""
        await self.db.execute("DELETE FROM documents WHERE document_id = $1", document_id)


def object_of(document_id: str) -> str:
    """The object that `Corpus.add` gives a document of its own."""
    return "obj_" + hashlib.sha256(document_id.encode()).hexdigest()[:10]


def unit_vectors(count: int, dimensions: int = DIMENSIONS, seed: int = 0) -> NDArray[np.float16]:
    """Random directions, as they are stored."""
    wide = np.random.default_rng(seed).standard_normal((count, dimensions))
    vectors: NDArray[np.float16] = (wide / np.linalg.norm(wide, axis=1, keepdims=True)).astype(np.float16)
    return vectors


def brute_force(vectors: NDArray[np.float16], query: NDArray[np.floating]) -> NDArray[np.float32]:
    """Cosines of every vector with the query, computed in float64."""
    wide, target = vectors.astype(np.float64), query.astype(np.float64)
    scores: NDArray[np.float32] = (wide @ target / (np.linalg.norm(wide, axis=1) * np.linalg.norm(target))).astype(
        np.float32
    )
    return scores
