"""Writing down what became of deliveries, how webhooks fare, and giving lanes back: many at once, or none."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import structlog
from asyncpg import Record

from services.common.database.pool import Connection, Pool
from services.worker.webhooks.claim_lanes import columns, lane_of
from services.worker.webhooks.delivery_types import Release, Result
from services.worker.webhooks.receiver_health import Health, Limits, after

# Webhooks are locked before lanes, and lanes before deliveries: the order of those who delete a webhook.
LOCK_WEBHOOKS = """
    SELECT webhook_id, consecutive_failures, first_failure_at, last_failure_at, last_failure_cause
    FROM webhooks WHERE webhook_id = ANY($1) ORDER BY webhook_id FOR NO KEY UPDATE"""
LOCK_LANES = """
    SELECT l.receiver, l.channel, l.subject
    FROM unnest($1::text[], $2::int[], $3::text[]) AS mine (receiver, channel, subject)
    JOIN delivery_lanes l USING (receiver, channel, subject)
    WHERE l.claimed_by = $4 ORDER BY 1, 2, 3 FOR UPDATE OF l"""
SETTLE = """
    UPDATE deliveries d SET status = r.status, attempts = d.attempts + r.attempt, error = r.error,
      response_status = r.response_status,
      due_at = CASE WHEN r.status = 'pending' THEN now() + make_interval(secs => r.wait_seconds) ELSE d.due_at END,
      ended_at = CASE WHEN r.status = 'pending' THEN NULL ELSE now() END
    FROM unnest($1::text[], $2::text[], $3::int[], $4::text[], $5::int[], $6::float8[])
      AS r (delivery_id, status, attempt, error, response_status, wait_seconds)
    WHERE d.delivery_id = r.delivery_id AND d.status = 'pending'"""
FARE = """
    UPDATE webhooks w SET consecutive_failures = h.failures, first_failure_at = h.first_failure_at,
      last_failure_at = h.last_failure_at, last_failure_cause = h.cause,
      is_active = w.is_active AND NOT h.is_gone,
      paused_at = CASE WHEN h.reason IS NULL OR h.is_gone THEN w.paused_at ELSE coalesce(w.paused_at, now()) END,
      paused_reason = coalesce(h.reason, w.paused_reason)
    FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::timestamptz[], $5::text[], $6::text[], $7::boolean[])
      AS h (webhook_id, failures, first_failure_at, last_failure_at, cause, reason, is_gone)
    WHERE w.webhook_id = h.webhook_id"""
HOLD = """
    INSERT INTO delivery_holds AS hold (receiver, channel, until)
    SELECT receiver, channel, now() + make_interval(secs => max(wait_seconds))
    FROM unnest($1::text[], $2::int[], $3::float8[]) AS r (receiver, channel, wait_seconds)
    GROUP BY receiver, channel ORDER BY receiver, channel
    ON CONFLICT (receiver, channel) DO UPDATE SET until = greatest(hold.until, excluded.until)"""
# A statement of its own sees what was added to a lane until it was locked.
RELEASE = """
    WITH given AS (
      SELECT g.*, EXISTS (
        SELECT FROM deliveries d WHERE coalesce(d.webhook_id, d.alert_id) = g.receiver AND d.channel = g.channel
          AND d.subject = g.subject AND d.status = 'pending') AS is_open
      FROM unnest($1::text[], $2::int[], $3::text[], $4::float8[], $5::boolean[])
        AS g (receiver, channel, subject, wait_seconds, failing)
    ), closed AS (
      DELETE FROM delivery_lanes l USING given g
      WHERE NOT g.is_open AND l.receiver = g.receiver AND l.channel = g.channel AND l.subject = g.subject
    )
    UPDATE delivery_lanes l SET claimed_by = NULL, due_at = now() + make_interval(secs => g.wait_seconds),
      failing = g.failing
    FROM given g
    WHERE g.is_open AND l.receiver = g.receiver AND l.channel = g.channel AND l.subject = g.subject"""
log = structlog.get_logger()


class Recorder:
    """Records for one worker; of a lane that another one has claimed meanwhile it writes nothing."""

    def __init__(self, pool: Pool, worker: str, limits: Limits) -> None:
        self._pool = pool
        self._worker = worker
        self._limits = limits

    async def record(self, results: Sequence[Result], releases: Sequence[Release]) -> set[str]:
        """Writes all of it in one transaction; returns the webhooks that are not to be told any more."""
        lanes = {*(result.lane for result in results), *(release.lane for release in releases)}
        receivers = list({lane.place.receiver for lane in lanes})
        async with self._pool.acquire() as connection, connection.transaction():
            webhooks = await connection.fetch(LOCK_WEBHOOKS, receivers)
            mine = {lane_of(row) for row in await connection.fetch(LOCK_LANES, *columns(lanes), self._worker)}
            results = [result for result in results if result.lane in mine]
            await _settle(connection, results)
            healths = self._healths(webhooks, results)
            await _fare(connection, healths)
            await _hold(connection, [result for result in results if result.outcome.wait_seconds])
            await _release(connection, [release for release in releases if release.lane in mine])
        return _closed(healths)

    def _healths(self, webhooks: Sequence[Record], results: Sequence[Result]) -> dict[str, Health]:
        by_receiver: defaultdict[str, list[Result]] = defaultdict(list)
        for result in results:
            by_receiver[result.lane.place.receiver].append(result)
        befores = {row["webhook_id"]: _health(row) for row in webhooks}
        afters = {each: after(health, by_receiver[each], self._limits) for each, health in befores.items()}
        return {each: health for each, health in afters.items() if health != befores[each]}


async def _settle(connection: Connection, results: Sequence[Result]) -> None:
    await connection.execute(
        SETTLE,
        [result.delivery_id for result in results],
        [result.status for result in results],
        [int(result.status != "canceled") for result in results],
        [result.outcome.error for result in results],
        [result.outcome.response_status for result in results],
        [result.wait_seconds for result in results],
    )


def _health(row: Record) -> Health:
    return Health(
        failures=row["consecutive_failures"],
        first_failure_at=row["first_failure_at"],
        last_failure_at=row["last_failure_at"],
        cause=row["last_failure_cause"],
    )


async def _fare(connection: Connection, healths: Mapping[str, Health]) -> None:
    values = list(healths.values())
    if not values:
        return
    await connection.execute(
        FARE,
        list(healths),
        [health.failures for health in values],
        [health.first_failure_at for health in values],
        [health.last_failure_at for health in values],
        [health.cause for health in values],
        [health.reason for health in values],
        [health.is_gone for health in values],
    )


async def _hold(connection: Connection, results: Sequence[Result]) -> None:
    """Leaves places alone that asked for it."""
    if results:
        places = [result.lane.place for result in results]
        await connection.execute(
            HOLD,
            [place.receiver for place in places],
            [place.channel for place in places],
            [result.outcome.wait_seconds for result in results],
        )


async def _release(connection: Connection, releases: Sequence[Release]) -> None:
    if releases:
        lanes = columns([release.lane for release in releases])
        waits = [release.wait_seconds for release in releases]
        await connection.execute(RELEASE, *lanes, waits, [release.is_failing for release in releases])


def _closed(healths: Mapping[str, Health]) -> set[str]:
    closed = {webhook_id: health for webhook_id, health in healths.items() if health.reason}
    for webhook_id, health in closed.items():
        log.warning("webhook closed", webhook_id=webhook_id, reason=health.reason)
    return set(closed)
