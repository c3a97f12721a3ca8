"""How long events are kept, and forgetting those that are older."""

from datetime import timedelta

from services.common.database.pool import Pool

# Nobody begins to read the feed with an event that is about to go: who has begun has this long to get ahead of that.
GRACE = timedelta(days=1)
STEP = 5000
# By seq, which nearly is the order of age, up to the first step that ends with a young one.
NEXT = """
    SELECT max(seq) AS last, bool_and(created_at < now() - $1::interval) AS are_old
    FROM (SELECT seq, created_at FROM events WHERE seq > $2 ORDER BY seq LIMIT $3) AS oldest"""
PRUNE = """
    DELETE FROM events e WHERE seq > $2 AND seq <= $3 AND created_at < now() - $1::interval
      AND NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.event_id)"""


async def prune_events(pool: Pool, keep: timedelta) -> None:
    """Deletes events older than `keep` and GRACE, a step at a time, but for those that deliveries still tell of."""
    age, after = keep + GRACE, 0
    while True:
        step = await pool.fetchrow(NEXT, age, after, STEP)
        if step is None or step["last"] is None:
            return
        await pool.execute(PRUNE, age, after, step["last"])
        if not step["are_old"]:
            return
        after = step["last"]
