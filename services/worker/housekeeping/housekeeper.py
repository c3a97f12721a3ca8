"""What keeps the queue's tables, the blob store and what was deleted in order."""

from datetime import timedelta

import structlog

from services.common.blobs import BlobStore, Staging
from services.common.database.buckets.removal import start_due_removals
from services.common.database.buckets.unused_blobs import sweep_blobs
from services.common.database.events.retention import prune_events
from services.common.database.pool import Pool
from services.common.database.tasks.jobs import queue_of
from services.worker.housekeeping.expired_uploads import sweep_uploads
from services.worker.housekeeping.old_deliveries import prune_deliveries

SECONDS_BETWEEN = 60.0
KEEP_LOG = timedelta(days=1)
log = structlog.get_logger()


class Housekeeper:
    """Revives held jobs, prunes logs, old deliveries and events, sweeps blobs and uploads, starts due deletions."""

    def __init__(self, pool: Pool, blobs: BlobStore, staging: Staging, keep_events: timedelta) -> None:
        """`keep_events` is how long events, and deliveries that have ended, are kept."""
        self._pool = pool
        self._keep_events = keep_events
        self._blobs = blobs
        self._staging = staging

    async def keep(self) -> bool:
        """One round; a blob store that is away is tried again in the next one, as the database is."""
        await revive_held(self._pool)
        await prune_log(self._pool)
        await prune_deliveries(self._pool, self._keep_events)
        await prune_events(self._pool, self._keep_events)
        await start_due_removals(self._pool)
        await sweep_blobs(self._pool, self._blobs)
        await sweep_uploads(self._pool, self._staging)
        return False


async def revive_held(pool: Pool) -> int:
    """Queues again what pgqueuer could not put back by itself; returns how many."""
    async with pool.acquire() as connection:
        queue = queue_of(connection)
        held = [job.id for job in await queue.list_failed_jobs(limit=1000)]
        if held:
            log.warning("revived", jobs=len(held))
            await queue.requeue_jobs(held)
    return len(held)


async def prune_log(pool: Pool) -> None:
    """Forgets what pgqueuer logged of jobs long done; it never does so itself."""
    await pool.execute("DELETE FROM pgqueuer_log WHERE created < now() - $1::interval", KEEP_LOG)
