"""Documents, as the gateway reads and deletes them."""

from collections import defaultdict
from collections.abc import Sequence

import asyncpg
import numpy as np

from services.common.database.outbox import record_event
from services.common.database.pool import Executor, Pool
from services.common.errors import NotFoundError
from services.gateway.shapes.features import parse_feature_uri

VECTORS = "SELECT document_id, feature_uri, vector FROM embeddings WHERE document_id = ANY($1)"


async def get_document(
    db: Executor, namespace_id: str, document_id: str, collection_id: str | None = None
) -> asyncpg.Record:
    """A document of this namespace, and of this collection when one is named."""
    row = await db.fetchrow(
        """SELECT * FROM documents
           WHERE document_id = $1 AND namespace_id = $2 AND ($3::text IS NULL OR collection_id = $3)""",
        document_id,
        namespace_id,
        collection_id,
    )
    if row is None:
        raise NotFoundError.of("document", document_id)
    return row


async def get_documents(db: Executor, namespace_id: str, document_ids: Sequence[str]) -> dict[str, asyncpg.Record]:
    """Id -> document, for those that exist."""
    query = "SELECT * FROM documents WHERE namespace_id = $1 AND document_id = ANY($2)"
    rows = await db.fetch(query, namespace_id, list(document_ids))
    return {row["document_id"]: row for row in rows}


async def vectors_of(db: Executor, document_ids: Sequence[str]) -> dict[str, dict[str, list[float]]]:
    """Document id -> field such as `image_extractor_v1_embedding` -> numbers."""
    found: dict[str, dict[str, list[float]]] = defaultdict(dict)
    for row in await db.fetch(VECTORS, list(document_ids)):
        numbers = np.frombuffer(row["vector"], dtype="<f2").astype(np.float32)
        found[row["document_id"]][_vector_field(row["feature_uri"])] = numbers.tolist()
    return found


def _vector_field(feature_uri: str) -> str:
    address = parse_feature_uri(feature_uri)
    return feature_uri if address is None else f"{address.extractor}_{address.version}_embedding"


async def delete_document(pool: Pool, namespace_id: str, collection_id: str, document_id: str) -> None:
    """Deletes one document; its object stays."""
    async with pool.acquire() as connection, connection.transaction():
        query = "DELETE FROM documents WHERE document_id = $1 AND collection_id = $2 RETURNING document_id"
        if await connection.fetchval(query, document_id, collection_id) is None:
            raise NotFoundError.of("document", document_id)
        await record_event(connection, namespace_id, "document.deleted", document_id)
