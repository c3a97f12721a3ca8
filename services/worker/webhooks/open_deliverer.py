"""A deliverer as the settings want it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.common.database.pool import Pool
from services.common.ids import new_id
from services.common.settings import Settings
from services.worker.webhooks.channels.send import open_courier
from services.worker.webhooks.claim_lanes import Claims
from services.worker.webhooks.deliverer import Deliverer
from services.worker.webhooks.receiver_health import Limits
from services.worker.webhooks.record_results import Recorder

LEASE_SECONDS = 6.0


@asynccontextmanager
async def open_deliverer(settings: Settings, pool: Pool) -> AsyncIterator[Deliverer]:
    """A deliverer of its own name among workers."""
    worker = new_id("wrk", 16)
    limits = Limits(failures=settings.webhook_pause_failures, seconds=settings.webhook_pause_seconds)
    async with open_courier(settings) as courier:
        yield Deliverer(
            Claims(pool, worker, LEASE_SECONDS),
            Recorder(pool, worker, limits),
            courier,
            table=settings.webhook_retry_seconds,
            lease_seconds=LEASE_SECONDS,
            drain_seconds=settings.drain_seconds,
        )
