"""The members of a run's groups: some of them for a picture, or all of them page by page."""

from collections.abc import AsyncIterator

import asyncpg

from services.common.database.pool import Executor, Pool

CHUNK = 1000
SAMPLE = """
    SELECT document_id, number, x, y, z, distance FROM cluster_members
    WHERE run_id = $1 AND x IS NOT NULL ORDER BY md5(document_id), document_id LIMIT $2"""
COUNT = "SELECT count(*), count(x) AS placed FROM cluster_members WHERE run_id = $1"
PAGE = """
    SELECT m.document_id, d.collection_id, m.number, m.distance, m.x, m.y, m.z
    FROM cluster_members m JOIN documents d USING (document_id)
    WHERE m.run_id = $1 AND m.document_id > $2 AND ($3::int[] IS NULL OR m.number = ANY($3))
    ORDER BY m.document_id LIMIT $4"""


async def count_members(db: Executor, run_id: str) -> tuple[int, int]:
    """How many members a run has, and how many of them have a place in the picture."""
    row = await db.fetchrow(COUNT, run_id)
    assert row is not None
    return int(row["count"]), int(row["placed"])


async def sample_members(db: Executor, run_id: str, limit: int) -> list[asyncpg.Record]:
    """Members that have a place in the picture, always the same ones, picked by a hash."""
    return await db.fetch(SAMPLE, run_id, limit)


async def all_members(pool: Pool, run_id: str, numbers: list[int] | None) -> AsyncIterator[list[asyncpg.Record]]:
    """Every member, or those of some groups, a page at a time; no connection is held between pages."""
    after = ""
    while rows := await pool.fetch(PAGE, run_id, after, numbers, CHUNK):
        yield rows
        after = rows[-1]["document_id"]
