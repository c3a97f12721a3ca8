"""From nothing, or from snapshots, to equal with the database."""

import structlog

from services.index.change_follower import ChangeFollower
from services.index.domain import DocumentId
from services.index.shards import database
from services.index.shards.engine import Engine
from services.index.shards.shard import Shard
from services.index.snapshots.save_and_restore import Snapshots

log = structlog.get_logger()


async def restore(engine: Engine, follower: ChangeFollower, snapshots: Snapshots) -> None:
    """Loads snapshots, reads what has none from the database, and catches up with the change log."""
    newest = await follower.newest_position()
    positions = await snapshots.restore(newest)
    for shard in list(engine.shards.values()):
        await engine.refresh(await _differences(engine, shard))
    for key in await database.list_shards(engine.pool):
        await engine.shard(key)
    follower.position = min([newest, *positions])
    await follower.poll()
    log.info("restored", shards=len(engine.shards), snapshots=len(positions))


async def _differences(engine: Engine, shard: Shard) -> list[DocumentId]:
    """Documents that only the snapshot or only the database has: a restored dump brings no log of them."""
    stored = await database.read_row_keys(engine.pool, shard.key)
    held = {(entry.key, entry.document_id) for entry in shard.entries}
    return [document_id for _, document_id in held.symmetric_difference(stored.items())]
