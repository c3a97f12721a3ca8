"""What is done aside, now and then: graphs, snapshots, pruning of the change log."""

import asyncio
import time

import structlog

from services.index.change_follower import PRUNE_SECONDS, ChangeFollower
from services.index.shards.engine import Engine
from services.index.snapshots.save_and_restore import Snapshots

TICK_SECONDS = 1.0
log = structlog.get_logger()


class Maintenance:
    """One thing at a time, so that two big ones never run at once."""

    def __init__(self, engine: Engine, follower: ChangeFollower, snapshots: Snapshots, snapshot_seconds: float) -> None:
        self._engine = engine
        self._follower = follower
        self._snapshots = snapshots
        self._snapshot_seconds = snapshot_seconds
        self._snapshot_due = time.monotonic() + snapshot_seconds
        self._prune_due = 0.0

    async def run(self) -> None:
        """Goes on until cancelled."""
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self.tick()
            except Exception:  # a full disk or an absent database must not end the upkeep
                log.exception("upkeep failed; trying again")

    async def tick(self) -> None:
        """Does what is due."""
        for space in self._engine.spaces():
            await space.maintain()
        now = time.monotonic()
        if now >= self._snapshot_due:
            self._snapshot_due = now + self._snapshot_seconds
            await self._snapshots.write_changed()
        if now >= self._prune_due:
            self._prune_due = now + PRUNE_SECONDS
            await self._follower.prune()
