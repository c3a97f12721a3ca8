"""Reading the document change log without skipping rows that commit late.

Sequence numbers are handed out before commit, so a reader that remembers the largest one loses rows of slower
transactions. Rows carry their transaction id instead: everything below the snapshot's xmin is complete, and is what a
position may rest on; rows above it are returned too (they are fresh) and will be returned again.
"""

from dataclasses import dataclass

from services.common.database.pool import Connection


@dataclass(frozen=True, kw_only=True)
class ChangeBatch:
    """Documents changed since a position; `position` is the transaction id below which nothing is missing.

    `snapshot` tells exactly which transactions were seen, in PostgreSQL's own text.
    """

    document_ids: tuple[str, ...]
    position: int
    snapshot: str


async def read_changes(connection: Connection, position: int, seen: str | None = None) -> ChangeBatch:
    """Every visible change of a transaction not below `position`, and the position to go on from.

    With `seen`, the snapshot of the batch before, rows that it held are not returned again, however long an old
    transaction keeps the position from moving.
    """
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        snapshot = await connection.fetchval("SELECT pg_current_snapshot()::text")
        rows = await connection.fetch(
            """SELECT DISTINCT document_id FROM document_changes WHERE xid >= $1::text::xid8
               AND ($2::text IS NULL OR NOT pg_visible_in_snapshot(xid, $2::text::pg_snapshot))""",
            str(position),
            seen,
        )
    horizon = int(snapshot.partition(":")[0])
    document_ids = tuple(row["document_id"] for row in rows)
    return ChangeBatch(document_ids=document_ids, position=max(position, horizon), snapshot=snapshot)


async def current_position(connection: Connection) -> int:
    """The oldest transaction that may still be running."""
    return int(await connection.fetchval("SELECT pg_snapshot_xmin(pg_current_snapshot())::text"))


async def prune_changes(connection: Connection, keep_seconds: float) -> str:
    """Deletes changes older than `keep_seconds`; a snapshot older than that must be rebuilt instead of caught up."""
    result: str = await connection.execute(
        "DELETE FROM document_changes WHERE created_at < now() - make_interval(secs => $1)", keep_seconds
    )
    return result
