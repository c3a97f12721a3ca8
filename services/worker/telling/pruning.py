"""Forgetting deliveries that ended long ago."""

from datetime import timedelta

from services.common.database.pool import Pool

STEP = 5000
PRUNE = """
    DELETE FROM deliveries WHERE delivery_id IN (
      SELECT delivery_id FROM deliveries WHERE status <> 'pending' AND ended_at < now() - $1::interval LIMIT $2)"""


async def prune_deliveries(pool: Pool, keep: timedelta) -> None:
    """Deletes what ended longer ago than `keep`, a step at a time; what is pending stays, however old."""
    while (await pool.execute(PRUNE, keep, STEP)) == f"DELETE {STEP}":
        pass
