"""Uploads by presigned URL that nobody confirmed in time: they fail, and their bytes go."""

from datetime import timedelta

import structlog

from services.common.blobs import Staging
from services.common.database.pool import Pool

# A client that was just in time has this long to confirm.
GRACE = timedelta(hours=1)
EXPIRE = """
    UPDATE uploads SET status = 'FAILED', message = 'It was not confirmed in time; create another upload.'
    WHERE status = 'PENDING' AND expires_at <= now() - $1::interval RETURNING upload_id"""
OPEN = "SELECT upload_id FROM uploads WHERE upload_id = ANY($1) AND status = 'PENDING'"
log = structlog.get_logger()


async def sweep_uploads(pool: Pool, staging: Staging, grace: timedelta = GRACE) -> int:
    """Fails what has expired and drops whatever waits for no open upload; returns how many were dropped."""
    expired = await pool.fetch(EXPIRE, grace)
    waiting = await staging.waiting()
    still_open = {row["upload_id"] for row in await pool.fetch(OPEN, waiting)}
    left_over = [upload_id for upload_id in waiting if upload_id not in still_open]
    for upload_id in left_over:
        await staging.discard(upload_id)
    if expired or left_over:
        log.info("uploads swept", expired=len(expired), dropped=len(left_over))
    return len(left_over)
