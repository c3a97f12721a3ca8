"""The documents above and below a document, and those of an object."""

import asyncpg

from services.common.database.pool import Executor
from services.common.errors import NotFoundError

MAX_DEPTH = 20
MAX_DOCUMENTS = 10_000
# A document cannot come from itself, but nothing in the data forbids a long way.
ABOVE = f"""
    WITH RECURSIVE above AS (
      SELECT d.*, 0 AS depth FROM documents d WHERE d.document_id = $1
      UNION ALL
      SELECT d.*, a.depth + 1 FROM above a JOIN documents d ON d.document_id = a.source_document_id
      WHERE a.depth < {MAX_DEPTH} AND d.namespace_id = a.namespace_id
    )
    SELECT a.*, c.extractor FROM above a JOIN collections c USING (collection_id) ORDER BY depth DESC"""  # noqa: S608
BELOW = f"""
    WITH RECURSIVE below AS (
      SELECT document_id, namespace_id, 0 AS depth FROM documents WHERE document_id = $1
      UNION ALL
      SELECT d.document_id, d.namespace_id, b.depth + 1
      FROM below b JOIN documents d ON d.source_document_id = b.document_id
      WHERE b.depth < {MAX_DEPTH} AND d.namespace_id = b.namespace_id
    )
    SELECT d.* FROM documents d JOIN below b USING (document_id) WHERE b.depth > 0
    ORDER BY b.depth, d.row_key LIMIT {MAX_DOCUMENTS}"""  # noqa: S608
OF_OBJECT = """
    SELECT d.* FROM documents d WHERE d.object_id = $1 AND d.namespace_id = $2
      AND ($3::text[] IS NULL OR d.collection_id = ANY($3)) ORDER BY d.row_key OFFSET $4 LIMIT $5"""
COUNTS = """
    SELECT d.collection_id, count(*) AS count FROM documents d WHERE d.object_id = $1 AND d.namespace_id = $2
      AND ($3::text[] IS NULL OR d.collection_id = ANY($3)) GROUP BY d.collection_id ORDER BY d.collection_id"""
TREE = """
    SELECT c.collection_id, c.collection_name, c.extractor, s.collection_id AS parent, count(*) AS count,
           array_agg(d.document_id ORDER BY d.row_key) AS document_ids
    FROM documents d JOIN collections c USING (collection_id)
    LEFT JOIN documents s ON s.document_id = d.source_document_id AND s.collection_id <> d.collection_id
    WHERE d.object_id = $1 AND d.namespace_id = $2
    GROUP BY c.collection_id, s.collection_id ORDER BY c.collection_name"""


async def ancestors(db: Executor, document_id: str) -> list[asyncpg.Record]:
    """The documents that a document was made from, the first one first and itself last, with their extractors."""
    return await db.fetch(ABOVE, document_id)


async def descendants(db: Executor, document_id: str) -> list[asyncpg.Record]:
    """What was made from a document, and from that in turn."""
    return await db.fetch(BELOW, document_id)


async def find_object(db: Executor, namespace_id: str, object_id: str) -> asyncpg.Record:
    """An object of any bucket of this namespace."""
    query = "SELECT object_id, bucket_id FROM objects WHERE object_id = $1 AND namespace_id = $2"
    row = await db.fetchrow(query, object_id, namespace_id)
    if row is None:
        raise NotFoundError.of("object", object_id)
    return row


async def documents_of(
    db: Executor, namespace_id: str, object_id: str, collections: list[str] | None, *, offset: int, limit: int
) -> list[asyncpg.Record]:
    """A page of the documents of an object, in the collections named."""
    return await db.fetch(OF_OBJECT, object_id, namespace_id, collections, offset, limit)


async def counts_of(
    db: Executor, namespace_id: str, object_id: str, collections: list[str] | None = None
) -> dict[str, int]:
    """Collection -> how many documents of an object it has."""
    rows = await db.fetch(COUNTS, object_id, namespace_id, collections)
    return {row["collection_id"]: row["count"] for row in rows}


async def tree_of(db: Executor, namespace_id: str, object_id: str) -> list[asyncpg.Record]:
    """(collection, the collection that its documents were made from, count, ids) of an object's documents."""
    return await db.fetch(TREE, object_id, namespace_id)
