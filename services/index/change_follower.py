"""Tails the change log, so that the index learns even of what nobody told it."""

import asyncio

import structlog

from services.index.change_log import current_position, prune_changes, read_changes
from services.index.domain import DocumentId
from services.index.shards.engine import Engine

POLL_SECONDS = 0.5
PRUNE_SECONDS = 3600.0
KEEP_SECONDS = 7 * 86_400.0
log = structlog.get_logger()


class ChangeFollower:
    """Everything below `position` is in the shards."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._polling = asyncio.Lock()
        self._snapshot: str | None = None
        self.position = 0

    async def newest_position(self) -> int:
        """Where the change log stands now."""
        async with self._engine.pool.acquire() as connection:
            return await current_position(connection)

    async def poll(self) -> None:
        """Applies every change committed before this call."""
        async with self._polling:
            async with self._engine.pool.acquire() as connection:
                batch = await read_changes(connection, self.position, self._snapshot)
            if batch.document_ids:
                await self._engine.refresh(map(DocumentId, batch.document_ids))
            self.position, self._snapshot = batch.position, batch.snapshot

    async def run(self) -> None:
        """Polls until cancelled; a database that is away is waited for."""
        while True:
            await asyncio.sleep(POLL_SECONDS)
            try:
                await self.poll()
            except Exception as error:  # whatever it is, giving up would leave the index behind for good
                log.warning("change log not read; trying again", error=repr(error))

    async def prune(self) -> None:
        """Removes changes that no usable snapshot needs."""
        async with self._engine.pool.acquire() as connection:
            await prune_changes(connection, KEEP_SECONDS)
