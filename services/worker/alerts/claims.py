"""Whose turn it is to look at which alert: each is looked at by one worker at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

import structlog

from services.common.database.pool import Pool
from services.worker.alerts.watched_alert import WATCHED_ALERT_COLUMNS, WatchedAlert, to_watched_alert

# A worker that dies leaves its lease, after which the alert is due.
LEASE_SECONDS = 10.0
RENEW_SECONDS = 2.5
CLAIM = f"""
    UPDATE alerts SET claim = $1, leased_until = now() + $2::interval, due_at = now() + $3::interval
    WHERE alert_id = ({{which}}) RETURNING {WATCHED_ALERT_COLUMNS}"""  # noqa: S608
# One with a trigger of its own is looked at on that schedule only.
DUE = """
    SELECT alert_id FROM alerts a WHERE enabled AND coalesce(leased_until, due_at) <= now() AND NOT EXISTS (
      SELECT FROM triggers t
      WHERE t.resource_id = a.alert_id AND t.action_type = 'alert_evaluation' AND t.status = 'active')
    ORDER BY coalesce(leased_until, due_at) LIMIT 1 FOR UPDATE SKIP LOCKED"""
THIS = "SELECT alert_id FROM alerts WHERE enabled AND alert_id = $4 FOR UPDATE"
RENEW = "UPDATE alerts SET leased_until = now() + $3::interval WHERE alert_id = $1 AND claim = $2"
GIVE_BACK = """
    UPDATE alerts SET claim = NULL, leased_until = NULL, due_at = least(due_at, now() + $3::interval)
    WHERE alert_id = $1 AND claim = $2"""
log = structlog.get_logger()


class Claims:
    """Hands out alerts that are due."""

    def __init__(self, pool: Pool, *, sweep_seconds: float) -> None:
        self._pool = pool
        self._lease = timedelta(seconds=LEASE_SECONDS)
        self._times = (self._lease, timedelta(seconds=sweep_seconds))

    async def next(self) -> WatchedAlert | None:
        """The alert that has been due for longest; None when none is."""
        row = await self._pool.fetchrow(CLAIM.format(which=DUE), uuid4().hex, *self._times)
        return None if row is None else to_watched_alert(dict(row))

    async def this(self, alert_id: str) -> WatchedAlert | None:
        """This alert, taken from whoever is looking at it; None when it is disabled or gone."""
        row = await self._pool.fetchrow(CLAIM.format(which=THIS), uuid4().hex, *self._times, alert_id)
        return None if row is None else to_watched_alert(dict(row))

    @asynccontextmanager
    async def kept(self, watched: WatchedAlert) -> AsyncIterator[None]:
        """Nobody else looks at the alert while this lasts, however long it takes."""
        keeping = asyncio.create_task(self._keep(watched))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait((keeping,))

    async def _keep(self, watched: WatchedAlert) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            try:
                await self._pool.execute(RENEW, watched.alert_id, watched.claim, self._lease)
            except Exception as error:  # the next one may succeed, and whoever lost the claim concludes nothing
                log.info("lease", alert_id=watched.alert_id, error=str(error))

    async def give_back(self, watched: WatchedAlert, seconds: float | None = None) -> None:
        """Ends a turn that learned nothing: the alert is due in so many seconds, or else with the next sweep."""
        pause = None if seconds is None else timedelta(seconds=seconds)
        await self._pool.execute(GIVE_BACK, watched.alert_id, watched.claim, pause)
