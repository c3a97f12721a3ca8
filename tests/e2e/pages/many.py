"""Many documents at once, written past the gateway and the worker: copies of photos that were uploaded."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import asyncpg
import numpy as np

from services.common.database.pool import prepare_connection

BATCH = 2000
SOURCES = """
    SELECT d.namespace_id, d.collection_id, d.bucket_id, e.vector, e.model, e.feature_uri, e.dimensions,
           b.storage_key, b.mime_type, b.size_bytes, b.sha256, b.property, b.type
    FROM documents d JOIN embeddings e USING (document_id) JOIN blobs b USING (object_id)
    JOIN collections c USING (collection_id) WHERE c.collection_name = $1"""
OBJECTS = """
    INSERT INTO objects (object_id, namespace_id, bucket_id, status)
    SELECT id, $2, $3, 'COMPLETED' FROM unnest($1::text[]) AS id"""
BLOBS = """
    INSERT INTO blobs (blob_id, object_id, position, property, type, storage_key, mime_type, size_bytes, sha256)
    SELECT 'blob_' || id, id, 0, property, type, storage_key, mime_type, size_bytes, sha256
    FROM unnest($1::text[], $2::int[]) AS new (id, source)
    JOIN (SELECT *, row_number() OVER (ORDER BY blob_id) - 1 AS source FROM blobs WHERE blob_id = ANY($3)) b
      USING (source)"""
DOCUMENTS = """
    INSERT INTO documents
      (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields, taxonomy_match)
    SELECT document_id, $3, $4, $5, object_id, 0, '{}', '{"matched": false, "confidence": 0.1}'
    FROM unnest($1::text[], $2::text[]) AS new (document_id, object_id)"""
EMBEDDINGS = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT document_id, $3, $4, $5, vector FROM unnest($1::text[], $2::bytea[]) AS new (document_id, vector)"""


@dataclass(frozen=True)
class Copy:
    """A document like an uploaded one, by its place among these."""

    object_id: str
    source: int
    vector: bytes

    @property
    def document_id(self) -> str:
        return f"doc_{hashlib.sha256(self.object_id.encode()).hexdigest()[:20]}"


def copies(vectors: list[bytes], count: int, noise: float) -> Iterator[list[Copy]]:
    """Batches of copies, each a little different."""
    random = np.random.default_rng(1)
    rows = np.stack([np.frombuffer(each, "<f2") for each in vectors]).astype(np.float32)
    for first in range(0, count, BATCH):
        chosen = random.integers(0, len(rows), min(BATCH, count - first))
        made = rows[chosen] + noise * random.normal(size=(len(chosen), rows.shape[1])).astype(np.float32)
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        yield [
            Copy(f"obj_many{first + at:08d}", int(source), made[at].astype("<f2").tobytes())
            for at, source in enumerate(chosen)
        ]


async def add_copies(database_url: str, collection: str, count: int, noise: float = 0.02) -> None:
    """Adds so many unlabelled documents to a collection that holds some."""
    connection = await asyncpg.connect(database_url)
    await prepare_connection(connection)
    sources = await connection.fetch(f"{SOURCES} ORDER BY b.blob_id", collection)
    blobs = await connection.fetch(
        f"SELECT b.blob_id FROM ({SOURCES.replace('b.type', 'b.type, b.blob_id')}) b", collection
    )
    place = sources[0]
    for batch in copies([row["vector"] for row in sources], count, noise):
        objects, documents = [each.object_id for each in batch], [each.document_id for each in batch]
        async with connection.transaction():
            await connection.execute(OBJECTS, objects, place["namespace_id"], place["bucket_id"])
            await connection.execute(BLOBS, objects, [each.source for each in batch], [row[0] for row in blobs])
            where = (place["namespace_id"], place["collection_id"], place["bucket_id"])
            await connection.execute(DOCUMENTS, documents, objects, *where)
            slot = (place["feature_uri"], place["model"], place["dimensions"])
            await connection.execute(EMBEDDINGS, documents, [each.vector for each in batch], *slot)
    await connection.execute("ANALYZE documents, embeddings, blobs")
    await connection.close()
