"""All shards of this process, and the one way in which they change.

Documents are read from PostgreSQL inside the apply lock and taken in before it is released, so reads are applied in the
order in which they were made, and no older state can overwrite a newer one. What is built outside the lock (a shard, a
view) watches which documents change meanwhile and reads those again, inside the lock, before it is published.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager

import asyncpg
import structlog

from services.common.database.pool import Pool
from services.common.filters import Filter
from services.index.domain import DocumentId, RowKey, ShardKey
from services.index.shards import database
from services.index.shards.coalescing import CombinedRuns, SingleFlight
from services.index.shards.entries import Entries
from services.index.shards.shard import Shard
from services.index.shards.stored_vectors import Rows, StoredVector, check_rows
from services.index.shards.view import View
from services.index.vectors.exact_block import Block
from services.index.vectors.vector_space import Space

CHUNK = 1000
log = structlog.get_logger()


class Engine:
    """Shards by key. `lock` is held by whoever changes them, or needs them to stand still."""

    def __init__(self, pool: Pool, exact_limit: int) -> None:
        self.pool = pool
        self.exact_limit = exact_limit
        self.shards: dict[ShardKey, Shard] = {}
        self.lock = asyncio.Lock()
        self._watchers: list[set[DocumentId]] = []
        self._changes = CombinedRuns[DocumentId](self._apply)
        self._loads = SingleFlight[ShardKey, Shard | None]()
        self._builds = SingleFlight[tuple[Shard, str], View]()

    def spaces(self) -> list[Space]:
        """The vectors of every shard and view."""
        shards = list(self.shards.values())
        return [shard.space for shard in shards] + [view.space for shard in shards for view in shard.views]

    def new_space(self, dimensions: int) -> Space:
        """An empty space that turns into a graph above the limit."""
        return Space(Block(dimensions), self.exact_limit)

    async def refresh(self, document_ids: Iterable[DocumentId]) -> None:
        """Reads these documents anew; returns when shards and views hold them as they were after this call, or later.

        Calls that come while a read is under way share the next one.
        """
        await self._changes.add(document_ids)

    async def shard(self, key: ShardKey) -> Shard | None:
        """The shard, read from the database if it is not held; None when no collection has it."""
        return self.shards.get(key) or await self.load(key)

    async def load(self, key: ShardKey) -> Shard | None:
        """Reads a shard anew, in place of the one held."""
        return await self._loads.run(key, lambda: self._load(key))

    async def view(self, shard: Shard, filter_json: str, tree: Filter) -> View:
        """The view of a canonical filter; made at its first use, for all who wait."""
        held = shard.view(filter_json)
        return held or await self._builds.run((shard, filter_json), lambda: self._build(shard, filter_json, tree))

    async def _apply(self, document_ids: frozenset[DocumentId]) -> None:
        ordered = sorted(document_ids)
        for start in range(0, len(ordered), CHUNK):
            chunk = ordered[start : start + CHUNK]
            async with self.lock:
                unknown = await self._take_in(chunk)
            for key in unknown:
                await self.shard(key)

    async def _take_in(self, document_ids: Sequence[DocumentId]) -> list[ShardKey]:
        """Applies documents to the shards held; returns the keys of those that are not."""
        for watcher in self._watchers:
            watcher.update(document_ids)
        by_shard = _by_shard(await database.read_documents(self.pool, document_ids))
        for shard in list(self.shards.values()):
            await self._update(shard, document_ids, by_shard.pop(shard.key, []))
        return list(by_shard)

    async def _update(self, shard: Shard, document_ids: Sequence[DocumentId], stored: Sequence[StoredVector]) -> None:
        if not stored and not any(each in shard.entries for each in document_ids):
            return
        rows = check_rows(stored, shard.pin.dimensions)
        present = {entry.document_id for entry in rows.entries}
        gone = [each for each in document_ids if each in shard.entries and each not in present]
        if gone:
            await shard.remove(gone)
        if rows.entries:
            await shard.put(rows)
            await self._update_views(shard, rows)

    async def _update_views(self, shard: Shard, rows: Rows) -> None:
        views = shard.views
        if not views:
            return
        ids = [entry.document_id for entry in rows.entries]
        trees = [view.tree for view in views]
        try:
            admitted = await database.read_membership(self.pool, shard.key.collection_id, ids, trees)
        except (asyncpg.DataError, TimeoutError) as error:
            log.warning("views dropped: a filter failed on changed documents", shard=shard.key, error=str(error))
            for view in views:
                shard.drop(view)
            return
        for view, members in zip(views, admitted, strict=True):
            await view.update(rows, members)

    async def _load(self, key: ShardKey) -> Shard | None:
        pin = await database.find_pin(self.pool, key)
        if pin is None:
            return None
        shard = Shard(key, pin, self.new_space(pin.dimensions), Entries())
        async with self._watching() as touched:
            async for page in database.read_shard(self.pool, key):
                await shard.put(check_rows(page, pin.dimensions))
            async with self.lock:
                changed = sorted(touched)
                stored = _by_shard(await database.read_documents(self.pool, changed)).get(key, [])
                await self._update(shard, changed, stored)
                self.shards[key] = shard
        log.info("shard loaded", shard=key, vectors=len(shard.space))
        return shard

    async def _build(self, shard: Shard, filter_json: str, tree: Filter) -> View:
        view = View(filter_json, tree, self.new_space(shard.pin.dimensions))
        collection_id = shard.key.collection_id
        async with self._watching() as touched:
            await _copy(shard, view, await database.read_members(self.pool, collection_id, tree))
            async with self.lock:
                [members] = await database.read_membership(self.pool, collection_id, sorted(touched), [tree])
                changed = {shard.entries.key_of(document_id) for document_id in touched}
                held = view.space.row_keys()
                gone = [key for key in held if key not in shard.space]
                await view.remove([*gone, *(key for key in changed if key is not None and key not in members)])
                await _copy(shard, view, sorted(members))
                shard.keep(view)
        log.info("view built", shard=shard.key, filter=filter_json, members=len(view.space))
        return view

    @asynccontextmanager
    async def _watching(self) -> AsyncIterator[set[DocumentId]]:
        """Collects the documents applied from now on; waits for the lock, so that none is half applied now."""
        touched: set[DocumentId] = set()
        async with self.lock:
            self._watchers.append(touched)
        try:
            yield touched
        finally:
            self._watchers = [watcher for watcher in self._watchers if watcher is not touched]


async def _copy(shard: Shard, view: View, keys: Sequence[RowKey]) -> None:
    for start in range(0, len(keys), CHUNK):
        present = [key for key in keys[start : start + CHUNK] if key in shard.space]
        await view.space.put(present, await shard.space.get(present))


def _by_shard(stored: Iterable[StoredVector]) -> dict[ShardKey, list[StoredVector]]:
    groups: dict[ShardKey, list[StoredVector]] = {}
    for row in stored:
        groups.setdefault(row.shard, []).append(row)
    return groups
