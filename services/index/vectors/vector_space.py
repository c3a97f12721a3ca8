"""A growing set of vectors: a block searched exactly while it is small, a graph once it is large.

Any number of searches read at once, in threads when they are long; a change waits for them and keeps new ones out. The
switch from block to graph is built aside, chunk by chunk, while both searches and changes go on. Vectors without any
structure defeat a graph: they stay in a block until they are twice as many, since slow and right beats fast and wrong.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import aiorwlock
import numpy as np
import structlog

from services.index.domain import Candidates, Matrix, Queries, RowKey
from services.index.vectors.exact_block import Block
from services.index.vectors.hnsw_graph import ENOUGH_RECALL, EXPANSIONS, Graph

Result = TypeVar("Result")
INLINE_COST = 5_000_000
"""Multiply-adds of about a millisecond: what takes longer runs in a thread."""
CHUNK = 1000
SAMPLE = 50
CHURN = 0.2

log = structlog.get_logger()


class Space:
    """Vectors of one dimension under row keys."""

    def __init__(self, store: Block | Graph, exact_limit: int) -> None:
        self._store = store
        self._limit = exact_limit
        self._graph_from = exact_limit
        self._lock = aiorwlock.RWLock(fast=True)
        self._journal: set[RowKey] | None = None
        self.changes = 0
        self._random = np.random.default_rng(0)

    def __len__(self) -> int:
        return len(self._store)

    def __contains__(self, key: RowKey) -> bool:
        return key in self._store

    @property
    def dimensions(self) -> int:
        """Length of each vector."""
        return self._store.dimensions

    @property
    def mode(self) -> str:
        """ "exact" or "hnsw"."""
        return self._store.mode

    @property
    def expansion(self) -> int:
        """How widely the graph searches; 0 when there is none."""
        return self._store.expansion if isinstance(self._store, Graph) else 0

    def row_keys(self) -> list[RowKey]:
        """The row keys, in no order."""
        return self._store.row_keys()

    async def get(self, keys: Sequence[RowKey]) -> Matrix:
        """A copy of the vectors under `keys`, in their order; KeyError when one is absent."""
        async with self._lock.reader_lock:
            return await self._work(len(keys) * self.dimensions, lambda: self._store.get(keys))

    async def put(self, keys: Sequence[RowKey], vectors: Matrix) -> None:
        """Adds vectors, or replaces those whose key is present; what is there already costs nothing."""
        async with self._lock.writer_lock:
            fresh = [at for at, key in enumerate(keys) if not self._holds(key, vectors[at])]
            if fresh:
                await self._change([keys[at] for at in fresh], vectors[fresh])

    async def remove(self, keys: Sequence[RowKey]) -> None:
        """Removes vectors; absent keys are ignored."""
        async with self._lock.writer_lock:
            present = [key for key in keys if key in self._store]
            self._note(present)
            self._store.remove(present)

    async def search(self, queries: Queries, count: int) -> list[Candidates]:
        """For each query (unit rows), candidates that include its `count` nearest."""
        async with self._lock.reader_lock:
            return await self._work(self._store.cost(len(queries)), lambda: self._store.search(queries, count))

    async def save(self, write: Callable[[Block | Graph, Path], None], folder: Path) -> None:
        """Runs `write(store, folder)` in a thread while nothing changes."""
        async with self._lock.reader_lock:
            await asyncio.to_thread(write, self._store, folder)

    async def maintain(self) -> None:
        """Switches between block and graph when the size asks for it; probes a graph that has changed much."""
        if isinstance(self._store, Block) and len(self) > self._graph_from:
            if not await self._switch(Graph(self.dimensions)):
                self._graph_from = 2 * len(self)
        elif isinstance(self._store, Graph) and len(self) < self._limit // 2:
            await self._switch(Block(self.dimensions))
        elif isinstance(self._store, Graph) and self.changes > CHURN * len(self):
            await self._probe(self._store)

    async def _probe(self, graph: Graph) -> None:
        self.changes = 0
        if await self._tune(graph) >= ENOUGH_RECALL or await self._switch(Graph(self.dimensions)):
            return
        self._graph_from = 2 * len(self)
        await self._switch(Block(self.dimensions))

    async def _switch(self, target: Block | Graph) -> bool:
        """Fills `target` aside and puts it into use; False when it is a graph that misses too much to be used."""
        self._journal = set()
        try:
            keys = self.row_keys()
            for start in range(0, len(keys), CHUNK):
                await self._copy(keys[start : start + CHUNK], target)
            if isinstance(target, Graph) and await self._tune(target) < ENOUGH_RECALL:
                return False
            async with self._lock.writer_lock:
                await self._replay(sorted(self._journal), target)
                self._store = target
                self.changes = 0
            return True
        finally:
            self._journal = None

    async def _copy(self, keys: Sequence[RowKey], target: Block | Graph) -> None:
        async with self._lock.reader_lock:
            present = [key for key in keys if key in self._store]
            vectors = self._store.get(present)
        await asyncio.to_thread(target.put, present, vectors)

    async def _replay(self, changed: Sequence[RowKey], target: Block | Graph) -> None:
        present = [key for key in changed if key in self._store]
        target.remove(changed)
        await asyncio.to_thread(target.put, present, self._store.get(present))

    async def _tune(self, graph: Graph) -> float:
        """Widens the graph's search until a sample of its members finds what exact search finds; the recall reached."""
        members = graph.row_keys()
        keys = self._random.choice(members, size=min(SAMPLE, len(members)), replace=False)
        recall = 1.0
        for graph.expansion in EXPANSIONS:
            recall = float(np.mean([await self._recall(graph, RowKey(key)) for key in keys.tolist()] or [1.0]))
            if recall >= ENOUGH_RECALL:
                break
        log.info("recall probed", recall=round(recall, 4), expansion=graph.expansion, vectors=len(graph))
        return recall

    async def _recall(self, graph: Graph, key: RowKey) -> float:
        """Of one member; changes wait for one question at a time, not for all of them."""
        async with self._lock.reader_lock:
            sample = graph.get([key]) if key in graph else graph.get([])
            return await asyncio.to_thread(graph.recall, sample.astype(np.float32))

    def _holds(self, key: RowKey, vector: Matrix) -> bool:
        return key in self._store and bool(np.array_equal(self._store.get([key])[0], vector))

    async def _change(self, keys: Sequence[RowKey], vectors: Matrix) -> None:
        self._note(keys)
        store = self._store
        if isinstance(store, Block):
            store.put(keys, vectors)
        else:
            await asyncio.to_thread(store.put, keys, vectors)

    def _note(self, keys: Sequence[RowKey]) -> None:
        self.changes += len(keys)
        if self._journal is not None:
            self._journal.update(keys)

    async def _work(self, cost: int, work: Callable[[], Result]) -> Result:
        return work() if cost <= INLINE_COST else await asyncio.to_thread(work)
