"""What keeps the queue's tables, the blob store and what was deleted in order."""

import asyncio
from datetime import timedelta

import structlog

from services.common.blobs import BlobStore, Staging
from services.common.database.garbage import sweep_blobs
from services.common.database.jobs import queue_of
from services.common.database.pool import Pool
from services.common.database.removal import start_due_removals
from services.common.errors import UnavailableError
from services.worker.patience import is_outage
from services.worker.sweeping import sweep_uploads

SECONDS_BETWEEN = 60.0
KEEP_LOG = timedelta(days=1)
log = structlog.get_logger()


async def keep_house(pool: Pool, blobs: BlobStore, staging: Staging) -> None:
    """Revives held jobs, prunes the queue's log, sweeps blobs and uploads, starts due deletions: once a minute.

    Until cancelled. A blob store that is away is tried again a minute later, as the database is.
    """
    while True:
        try:
            await revive_held(pool)
            await prune_log(pool)
            await start_due_removals(pool)
            await sweep_blobs(pool, blobs)
            await sweep_uploads(pool, staging)
        except Exception as error:
            if not (is_outage(error) or isinstance(error, UnavailableError)):
                raise
        await asyncio.sleep(SECONDS_BETWEEN)


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
