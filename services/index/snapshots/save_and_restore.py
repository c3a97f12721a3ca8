"""When shards are written to disk, and which snapshots may be used again."""

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from services.index.change_follower import KEEP_SECONDS, ChangeFollower
from services.index.domain import CollectionId, FeatureUri, NamespaceId, ShardKey
from services.index.shards import database
from services.index.shards.engine import Engine
from services.index.shards.entries import Entries
from services.index.shards.shard import Pin, Shard
from services.index.snapshots import snapshot_files
from services.index.snapshots.snapshot_files import Loaded, Manifest, SnapshotError
from services.index.vectors.vector_space import Space

DAY = 86_400.0
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Saved:
    """What was last written of a shard."""

    shard: Shard
    version: int
    mode: str
    at: float


class Snapshots:
    """The snapshots of one engine in one folder, which no other process may use."""

    def __init__(self, engine: Engine, follower: ChangeFollower, root: Path) -> None:
        self._engine = engine
        self._follower = follower
        self._root = root
        self._saved: dict[ShardKey, Saved] = {}
        self._writing = asyncio.Lock()
        self._database = ""

    async def write_all(self) -> int:
        """Writes every shard; returns how many."""
        return await self._write(list(self._engine.shards.values()))

    async def write_changed(self) -> int:
        """Writes the shards that differ from their snapshot, and those whose snapshot grows old."""
        return await self._write([shard for shard in self._engine.shards.values() if self._is_due(shard)])

    async def restore(self, newest: int) -> list[int]:
        """Puts every usable snapshot into the engine; returns their positions, none above `newest`."""
        self._database = await database.database_identity(self._engine.pool)
        positions = []
        for folder in await asyncio.to_thread(_folders, self._root):
            try:
                positions.append(await self._restore(folder, newest))
            except SnapshotError as error:
                log.warning("snapshot refused; its shard is rebuilt", folder=folder.name, reason=str(error))
                await asyncio.to_thread(shutil.rmtree, folder)
        return positions

    def _is_due(self, shard: Shard) -> bool:
        saved = self._saved.get(shard.key)
        if saved is None or saved.shard is not shard:
            return True
        return (saved.version, saved.mode) != (shard.version, shard.space.mode) or time.time() - saved.at > DAY

    async def _write(self, shards: list[Shard]) -> int:
        # Shielded: a thread writes on when its task is cancelled, and the next writer must not meet it.
        return await asyncio.shield(asyncio.create_task(self._write_in_turn(shards)))

    async def _write_in_turn(self, shards: list[Shard]) -> int:
        written = 0
        async with self._writing:
            for shard in shards:
                try:
                    await self._write_shard(shard)
                    written += 1
                except OSError as error:  # the database has it all; a full disk only makes the next start slower
                    log.error("snapshot not written", shard=shard.key, error=str(error))
        return written

    async def _write_shard(self, shard: Shard) -> None:
        folder = snapshot_files.folder_of(self._root, shard.key)
        place = await asyncio.to_thread(snapshot_files.begin, folder)
        async with self._engine.lock:
            saved = Saved(shard, shard.version, shard.space.mode, time.time())
            position = self._follower.position
            keys = shard.space.row_keys()
            entries = [entry for key in keys if (entry := shard.entries.entry(key)) is not None]
            await shard.space.save(snapshot_files.write_vectors, place)
            expansion = shard.space.expansion
        await asyncio.to_thread(snapshot_files.write_entries, entries, place)
        manifest = Manifest(
            database=self._database,
            namespace_id=shard.key.namespace_id,
            collection_id=shard.key.collection_id,
            feature_uri=shard.key.feature_uri,
            model=shard.pin.model,
            dimensions=shard.pin.dimensions,
            mode="exact" if saved.mode == "exact" else "hnsw",
            expansion=expansion,
            count=len(entries),
            position=position,
            created_at=saved.at,
            checksums=await asyncio.to_thread(snapshot_files.checksums, place),
        )
        await asyncio.to_thread(snapshot_files.publish, place, manifest)
        self._saved[shard.key] = saved

    async def _restore(self, folder: Path, newest: int) -> int:
        loaded = await asyncio.to_thread(snapshot_files.load, folder)
        key = _key(loaded.manifest)
        pin = await database.find_pin(self._engine.pool, key)
        if pin is None or (pin.model, pin.dimensions) != (loaded.manifest.model, loaded.manifest.dimensions):
            raise SnapshotError(f"the collection now has {pin}")
        if loaded.manifest.database != self._database:
            raise SnapshotError("it is of another database")
        _check_position(loaded.manifest, newest)
        self._adopt(key, loaded)
        return loaded.manifest.position

    def _adopt(self, key: ShardKey, loaded: Loaded) -> None:
        space = Space(loaded.store, self._engine.exact_limit)
        manifest = loaded.manifest
        shard = Shard(key, Pin(manifest.model, manifest.dimensions), space, Entries(loaded.entries))
        self._engine.shards[key] = shard
        self._saved[key] = Saved(shard, shard.version, space.mode, manifest.created_at)


def _check_position(manifest: Manifest, newest: int) -> None:
    if manifest.position > newest:
        raise SnapshotError(f"its position {manifest.position} is ahead of the database's {newest}")
    if time.time() - manifest.created_at > KEEP_SECONDS - DAY:
        raise SnapshotError("older than what the change log keeps")


def _key(manifest: Manifest) -> ShardKey:
    return ShardKey(
        NamespaceId(manifest.namespace_id), CollectionId(manifest.collection_id), FeatureUri(manifest.feature_uri)
    )


def _folders(root: Path) -> list[Path]:
    root.mkdir(parents=True, exist_ok=True)
    return sorted(path for path in root.iterdir() if path.is_dir())
