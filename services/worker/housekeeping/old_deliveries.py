"""Forgetting deliveries that ended long ago, or that wait in vain."""

from datetime import timedelta

import structlog

from services.common.database.pool import Pool

STEP = 5000
PRUNE = """
    DELETE FROM deliveries WHERE delivery_id IN (
      SELECT delivery_id FROM deliveries WHERE status <> 'pending' AND ended_at < now() - $1::interval LIMIT $2)"""
# A webhook that is off would keep its deliveries, and they their events, for ever. Their lanes are left to the worker,
# which finds them empty when it is on again.
GIVE_UP = """
    DELETE FROM deliveries WHERE delivery_id IN (
      SELECT oldest.delivery_id FROM webhooks w CROSS JOIN LATERAL (
        SELECT * FROM deliveries d WHERE d.webhook_id = w.webhook_id ORDER BY d.row_key LIMIT $2) oldest
      WHERE NOT (w.is_active AND w.paused_at IS NULL)
        AND oldest.status = 'pending' AND oldest.created_at < now() - $1::interval)"""
FORGET_HOLDS = "DELETE FROM delivery_holds WHERE until < now()"
log = structlog.get_logger()


async def prune_deliveries(pool: Pool, keep: timedelta) -> None:
    """Deletes what ended longer ago than `keep`, and what has waited for so long for a webhook that is off.

    What is pending for a webhook that is on stays, however old.
    """
    while (await pool.execute(PRUNE, keep, STEP)) == f"DELETE {STEP}":
        pass
    while (given_up := await pool.execute(GIVE_UP, keep, STEP)) != "DELETE 0":
        log.warning("deliveries to webhooks that are off were given up", deliveries=int(given_up.split()[1]))
    await pool.execute(FORGET_HOLDS)
