"""What the index reads of PostgreSQL. It writes nothing there."""

from collections.abc import AsyncIterator, Sequence

import asyncpg

from services.common.database.pool import Executor
from services.common.filters import Filter, compile_sql
from services.index.domain import CollectionId, DocumentId, Entry, FeatureUri, NamespaceId, ObjectId, RowKey, ShardKey
from services.index.shards.shard import Pin
from services.index.shards.stored_vectors import StoredVector

PAGE = 2000
FILTER_SECONDS = 30.0

VECTORS = """
    SELECT d.namespace_id, d.collection_id, e.feature_uri, d.row_key, d.document_id, d.object_id, e.vector
    FROM documents d JOIN embeddings e USING (document_id)"""
OF_SHARD = "d.namespace_id = $1 AND d.collection_id = $2 AND e.feature_uri = $3"


async def database_identity(db: Executor) -> str:
    """Names this database: another one, be it a copy restored from a dump, has another name."""
    identity: str = await db.fetchval(
        """SELECT system_identifier || '/' || (SELECT oid FROM pg_database WHERE datname = current_database())
           FROM pg_control_system()"""
    )
    return identity


async def list_shards(db: Executor) -> list[ShardKey]:
    """Every shard that has an embedding."""
    rows = await db.fetch(
        """SELECT DISTINCT d.namespace_id, d.collection_id, e.feature_uri
           FROM documents d JOIN embeddings e USING (document_id)"""
    )
    return [_shard_key(row) for row in rows]


async def find_pin(db: Executor, key: ShardKey) -> Pin | None:
    """What the collection pinned for this feature; None when it has neither the feature nor vectors of it."""
    row = await db.fetchrow(
        f"""SELECT model, dimensions FROM (
              SELECT model, dimensions, 0 AS rank, 0 AS row_key FROM collections
              WHERE namespace_id = $1 AND collection_id = $2 AND feature_uri = $3
              UNION ALL
              (SELECT e.model, e.dimensions, 1, d.row_key FROM documents d JOIN embeddings e USING (document_id)
               WHERE {OF_SHARD} ORDER BY d.row_key LIMIT 1)
            ) pins ORDER BY rank LIMIT 1""",  # noqa: S608
        *_parts(key),
    )
    return None if row is None else Pin(row["model"], row["dimensions"])


async def read_shard(db: Executor, key: ShardKey) -> AsyncIterator[list[StoredVector]]:
    """Every vector of a shard, in pages. Each page is read at its own moment."""
    last = 0
    while True:
        rows = await db.fetch(
            f"{VECTORS} WHERE {OF_SHARD} AND d.row_key > $4 ORDER BY d.row_key LIMIT $5", *_parts(key), last, PAGE
        )
        if not rows:
            return
        last = rows[-1]["row_key"]
        yield [_stored_vector(row) for row in rows]


async def read_documents(db: Executor, document_ids: Sequence[DocumentId]) -> list[StoredVector]:
    """The vectors of these documents; none for a document that is gone."""
    rows = await db.fetch(f"{VECTORS} WHERE d.document_id = ANY($1::text[])", list(document_ids))
    return [_stored_vector(row) for row in rows]


async def read_row_keys(db: Executor, key: ShardKey) -> dict[RowKey, DocumentId]:
    """Which documents of a shard have a vector."""
    rows = await db.fetch(
        f"SELECT d.row_key, d.document_id FROM documents d JOIN embeddings e USING (document_id) WHERE {OF_SHARD}",  # noqa: S608
        *_parts(key),
    )
    return {RowKey(row["row_key"]): DocumentId(row["document_id"]) for row in rows}


async def read_members(db: Executor, collection_id: CollectionId, tree: Filter) -> list[RowKey]:
    """The documents of a collection that a filter admits."""
    condition, parameters = compile_sql(tree, start=2)
    rows = await db.fetch(
        f"SELECT d.row_key FROM documents d WHERE d.collection_id = $1 AND {condition}",  # noqa: S608
        collection_id,
        *parameters,
        timeout=FILTER_SECONDS,
    )
    return [RowKey(row["row_key"]) for row in rows]


async def read_membership(
    db: Executor, collection_id: CollectionId, document_ids: Sequence[DocumentId], trees: Sequence[Filter]
) -> list[frozenset[RowKey]]:
    """For each filter, which of these documents it admits; one query for all filters."""
    conditions: list[str] = []
    parameters: list[object] = [collection_id, list(document_ids)]
    for tree in trees:
        condition, more = compile_sql(tree, start=len(parameters) + 1)
        conditions.append(condition)
        parameters.extend(more)
    rows = await db.fetch(
        f"""SELECT d.row_key, ARRAY[{", ".join(conditions)}]::boolean[] AS admitted FROM documents d
            WHERE d.collection_id = $1 AND d.document_id = ANY($2::text[])""",  # noqa: S608
        *parameters,
        timeout=FILTER_SECONDS,
    )
    return [frozenset(RowKey(row["row_key"]) for row in rows if row["admitted"][at]) for at in range(len(trees))]


def _shard_key(row: asyncpg.Record) -> ShardKey:
    return ShardKey(
        NamespaceId(row["namespace_id"]), CollectionId(row["collection_id"]), FeatureUri(row["feature_uri"])
    )


def _stored_vector(row: asyncpg.Record) -> StoredVector:
    entry = Entry(RowKey(row["row_key"]), DocumentId(row["document_id"]), ObjectId(row["object_id"]))
    return StoredVector(_shard_key(row), entry, row["vector"])


def _parts(key: ShardKey) -> tuple[str, str, str]:
    return key.namespace_id, key.collection_id, key.feature_uri
