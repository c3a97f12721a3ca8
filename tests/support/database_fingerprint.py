"""What the index should hold, computed by the database: compare with IndexService.Fingerprint."""

from dataclasses import dataclass

from services.common.database.pool import Executor

SQL = r"""
    SELECT d.namespace_id, d.collection_id, e.feature_uri, count(*) AS count,
      encode(sha256(convert_to(string_agg(
        d.document_id || ':' || encode(sha256(e.vector), 'hex') || E'\n', '' ORDER BY d.document_id COLLATE "C"
      ), 'UTF8')), 'hex') AS digest
    FROM documents d JOIN embeddings e USING (document_id)
    GROUP BY d.namespace_id, d.collection_id, e.feature_uri
    ORDER BY d.namespace_id COLLATE "C", d.collection_id COLLATE "C", e.feature_uri COLLATE "C" """


@dataclass(frozen=True, kw_only=True)
class ShardDigest:
    """The vectors of one feature of one collection: how many, and SHA-256 (hex) over their ids and bytes."""

    namespace_id: str
    collection_id: str
    feature_uri: str
    count: int
    digest: str


async def database_fingerprint(db: Executor) -> list[ShardDigest]:
    """The digest of every shard that is not empty, sorted by namespace, collection and feature."""
    return [ShardDigest(**dict(row)) for row in await db.fetch(SQL)]
