"""The indexes of a namespace: always there; a shard of vectors can be made anew from the database."""

from likeness.index.v1 import index_pb2
from services.common.grpc.client import call
from services.gateway.kit.context import Identified
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.shapes import Answer
from services.gateway.namespaces.store import namespace_id_of

router = routes_of("Namespaces", "/namespaces/{namespace}")
REBUILD_SECONDS = 300.0
PAYLOAD = """
    SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid IN ('documents'::regclass, 'objects'::regclass) AND i.indisvalid ORDER BY name"""
SHARDS = """
    SELECT collection_id, feature_uri FROM collections WHERE namespace_id = $1 AND feature_uri IS NOT NULL
    ORDER BY collection_id"""


class IndexesEnsured(Answer):
    """The indexes of the database and the shards of vectors; `rebuilt` are the shards that were made anew."""

    namespace_id: str
    ensured: list[str]
    rebuilt: list[str]
    skipped: list[str]
    created: list[str]
    message: str


@router.post("/ensure-indexes")
async def ensure_indexes(namespace: str, identity: Identified, force_rebuild: bool = False) -> IndexesEnsured:
    """Names the indexes, which exist from the start; `force_rebuild` drops each shard and reads it anew."""
    gateway = identity.gateway
    namespace_id = await namespace_id_of(gateway.pool, namespace)
    identity.require(namespace_id)
    payload = [row["name"] for row in await gateway.pool.fetch(PAYLOAD)]
    shards = await gateway.pool.fetch(SHARDS, namespace_id)
    names = [f"{row['collection_id']}:{row['feature_uri']}" for row in shards]
    for row in shards if force_rebuild else ():
        key = index_pb2.ShardKey(namespace_id=namespace_id, **dict(row))
        await call(gateway.index.Rebuild, index_pb2.RebuildRequest(shard=key), seconds=REBUILD_SECONDS)
    rebuilt = names if force_rebuild else []
    return IndexesEnsured(
        namespace_id=namespace_id,
        ensured=payload if force_rebuild else [*payload, *names],
        rebuilt=rebuilt,
        skipped=[],
        created=[],
        message="Every field is indexed from the start; no index has to be created.",
    )
