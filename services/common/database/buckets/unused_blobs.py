"""Bytes that nothing refers to any more: found by the database, removed from the blob store an hour later.

Blobs are stored before the row that refers to them is committed, under a key that may be garbage already. So whoever
stores one spares its key first: then it stays for `GRACE`, which no request outlives. Sparing waits for a sweep of
the same key, and the bytes are stored after that.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from services.common.blobs import BlobStore
from services.common.database.pool import Connection, Pool

GRACE = timedelta(hours=1)
MOST = 1000
SPARE = "UPDATE blob_garbage SET condemned_at = now() WHERE storage_key = $1"
DUE = """
    SELECT storage_key FROM blob_garbage GROUP BY storage_key HAVING max(condemned_at) <= now() - $1::interval
    LIMIT $2"""
LOCK = """
    SELECT row_key, condemned_at <= now() - $2::interval AS is_due FROM blob_garbage WHERE storage_key = $1
    ORDER BY row_key FOR UPDATE"""
IS_USED = """
    SELECT EXISTS (SELECT FROM blobs WHERE storage_key = $1)
        OR EXISTS (SELECT FROM document_blobs WHERE storage_key = $1)
        OR EXISTS (SELECT FROM uploads WHERE storage_key = $1)"""


def kept_from_sweep(pool: Pool) -> Callable[[str], Awaitable[None]]:
    """What a blob store is to do before it keeps the bytes of a key."""

    async def spare(storage_key: str) -> None:
        await pool.execute(SPARE, storage_key)

    return spare


async def sweep_blobs(pool: Pool, blobs: BlobStore, grace: timedelta = GRACE) -> int:
    """Removes the bytes that nothing has referred to for `grace`; returns how many."""
    due = await pool.fetch(DUE, grace, MOST)
    swept = 0
    for row in due:
        async with pool.acquire() as connection, connection.transaction():
            swept += await _sweep(connection, blobs, row["storage_key"], grace)
    return swept


async def _sweep(connection: Connection, blobs: BlobStore, storage_key: str, grace: timedelta) -> int:
    rows = await connection.fetch(LOCK, storage_key, grace)
    if not all(row["is_due"] for row in rows):
        return 0
    is_used = await connection.fetchval(IS_USED, storage_key)
    if not is_used:
        await blobs.delete(storage_key)
    await connection.execute("DELETE FROM blob_garbage WHERE row_key = ANY($1)", [row["row_key"] for row in rows])
    return 0 if is_used else 1
