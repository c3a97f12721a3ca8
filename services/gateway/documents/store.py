"""Documents, as the gateway reads them."""

from collections import defaultdict
from collections.abc import Collection, Sequence

import asyncpg
import numpy as np

from services.common.database.pool import Executor
from services.common.errors import NotFoundError
from services.gateway.collections.extractors.feature_uris import parse_feature_uri

Vectors = dict[str, list[float]]
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


async def vectors_of(
    db: Executor, document_ids: Sequence[str], names: Collection[str] | None = None
) -> dict[str, Vectors]:
    """Document id -> field such as `image_extractor_v1_embedding` -> numbers; `names`: fields, URIs or their ends."""
    found: dict[str, Vectors] = defaultdict(dict)
    for row in await db.fetch(VECTORS, list(document_ids)):
        field, uri = _vector_field(row["feature_uri"]), row["feature_uri"]
        if names is None or not {field, uri, uri.rsplit("/", 1)[-1]}.isdisjoint(names):
            found[row["document_id"]][field] = np.frombuffer(row["vector"], "<f2").astype(np.float32).tolist()
    return found


def _vector_field(feature_uri: str) -> str:
    address = parse_feature_uri(feature_uri)
    return feature_uri if address is None else f"{address.extractor}_{address.version}_embedding"
