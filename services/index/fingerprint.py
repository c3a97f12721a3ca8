"""What the shards hold, digested, so that index = database can be asserted."""

import asyncio

from likeness.index.v1 import index_pb2
from services.index.domain import Entry, ShardKey, digest
from services.index.shards.engine import Engine
from services.index.shards.shard import Shard
from services.index.vectors.vector_space import Space


async def fingerprint(engine: Engine, key: ShardKey | None) -> list[index_pb2.ShardFingerprint]:
    """One shard, or every shard that is not empty, sorted by key; nothing changes meanwhile."""
    if key is not None:
        await engine.shard(key)
    async with engine.lock:
        wanted = [engine.shards[each] for each in sorted(engine.shards) if each == key or (key is None)]
        return [await _of_shard(shard) for shard in wanted if key is not None or len(shard.space)]


async def _of_shard(shard: Shard) -> index_pb2.ShardFingerprint:
    entries = list(shard.entries)
    return index_pb2.ShardFingerprint(
        shard=index_pb2.ShardKey(
            namespace_id=shard.key.namespace_id,
            collection_id=shard.key.collection_id,
            feature_uri=shard.key.feature_uri,
        ),
        count=len(shard.space),
        digest=await _digest(shard.space, entries),
        mode=shard.space.mode,
        views=[
            index_pb2.ViewFingerprint(
                filter_json=view.filter_json,
                count=len(view.space),
                digest=await _digest(view.space, [entry for entry in entries if entry.key in view.space]),
            )
            for view in sorted(shard.views, key=lambda view: view.filter_json)
        ],
    )


async def _digest(space: Space, entries: list[Entry]) -> str:
    vectors = await space.get([entry.key for entry in entries])
    return await asyncio.to_thread(digest, [entry.document_id for entry in entries], vectors)
