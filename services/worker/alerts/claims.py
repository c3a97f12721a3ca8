"""Whose turn it is to look at which alert: each is looked at by one worker at a time."""

from datetime import timedelta
from uuid import uuid4

from services.common.database.pool import Pool
from services.worker.alerts.watch import WATCH_COLUMNS, Watch, to_watch

SPARE_SECONDS = 5.0
# A worker that dies leaves its lease, after which the alert is due.
CLAIM = f"""
    UPDATE alerts SET claim = $1, leased_until = now() + $2::interval, due_at = now() + $3::interval
    WHERE alert_id = ({{which}}) RETURNING {WATCH_COLUMNS}"""  # noqa: S608
# One with a trigger of its own is looked at on that schedule only.
DUE = """
    SELECT alert_id FROM alerts a WHERE enabled AND coalesce(leased_until, due_at) <= now() AND NOT EXISTS (
      SELECT FROM triggers t
      WHERE t.resource_id = a.alert_id AND t.action_type = 'alert_evaluation' AND t.status = 'active')
    ORDER BY coalesce(leased_until, due_at) LIMIT 1 FOR UPDATE SKIP LOCKED"""
THIS = "SELECT alert_id FROM alerts WHERE enabled AND alert_id = $4 FOR UPDATE"
GIVE_BACK = """
    UPDATE alerts SET claim = NULL, leased_until = NULL, due_at = least(due_at, now() + $3::interval)
    WHERE alert_id = $1 AND claim = $2"""


class Claims:
    """Hands out alerts that are due."""

    def __init__(self, pool: Pool, *, rpc_seconds: float, sweep_seconds: float) -> None:
        """A turn asks the retriever twice at most: about new documents, and with the alert's own inputs."""
        self._pool = pool
        self._times = (timedelta(seconds=2 * rpc_seconds + SPARE_SECONDS), timedelta(seconds=sweep_seconds))

    async def next(self) -> Watch | None:
        """The alert that has been due for longest; None when none is."""
        row = await self._pool.fetchrow(CLAIM.format(which=DUE), uuid4().hex, *self._times)
        return None if row is None else to_watch(dict(row))

    async def this(self, alert_id: str) -> Watch | None:
        """This alert, taken from whoever is looking at it; None when it is disabled or gone."""
        row = await self._pool.fetchrow(CLAIM.format(which=THIS), uuid4().hex, *self._times, alert_id)
        return None if row is None else to_watch(dict(row))

    async def give_back(self, watch: Watch, seconds: float | None = None) -> None:
        """Ends a turn that learned nothing: the alert is due in so many seconds, or else with the next sweep."""
        pause = None if seconds is None else timedelta(seconds=seconds)
        await self._pool.execute(GIVE_BACK, watch.alert_id, watch.claim, pause)
