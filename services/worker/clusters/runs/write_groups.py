"""Writing what a run came to: in bounded statements, each committed, and shown only once the run is completed."""

from collections.abc import Sequence

import asyncpg
import tenacity

from services.common.database.pool import Connection, Pool
from services.worker.clusters.runs.groups import Group, Members
from services.worker.clusters.runs.lifecycle import lock_open
from services.worker.clusters.runs.run import Run
from services.worker.kit.task import Task

CHUNK = 2000
# Shorter than the time after which PostgreSQL looks for deadlocks: whoever deletes documents never loses to us.
PATIENCE = "SET LOCAL lock_timeout = '200ms'"
ADD_GROUP = """
    INSERT INTO cluster_groups (run_id, number, group_id, parent, label, label_source, summary, keywords, member_count,
                                centroids, place, representatives, attributes, mean_cosine, min_cosine)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
            (SELECT coalesce(jsonb_agg(jsonb_build_object('document_id', d.document_id,
                                                          'collection_id', d.collection_id) ORDER BY r.place), '[]')
             FROM unnest($12::text[]) WITH ORDINALITY AS r (document_id, place) JOIN documents d USING (document_id)),
            $13, $14, $15)"""
# Documents that were deleted since they were read are left out, and those read are kept until the commit.
ADD_MEMBERS = """
    INSERT INTO cluster_members (run_id, document_id, number, distance, x, y, z, added_by)
    SELECT $1, d.document_id, m.number, m.distance, m.x, m.y, m.z, $8
    FROM unnest($2::text[], $3::int[], $4::real[], $5::real[], $6::real[], $7::real[])
      AS m (document_id, number, distance, x, y, z)
    JOIN documents d USING (document_id) ORDER BY d.document_id FOR KEY SHARE OF d
    ON CONFLICT (run_id, document_id) DO NOTHING"""
DROP_MEMBERS = """
    DELETE FROM cluster_members WHERE (run_id, document_id) IN (
      SELECT run_id, document_id FROM cluster_members WHERE {column} = $1 LIMIT $2)"""
COUNT_MEMBERS = """
    UPDATE cluster_groups g SET member_count = (
      SELECT count(*) FROM cluster_members m WHERE m.run_id = g.run_id AND m.number = g.number)
    WHERE g.run_id = $1 AND NOT EXISTS (SELECT FROM cluster_groups p WHERE p.run_id = $1 AND p.parent = g.number)"""
ADD_NOISE = """
    INSERT INTO cluster_groups (run_id, number, group_id, member_count)
    SELECT $1, -1, '-1', 0 WHERE EXISTS (SELECT FROM cluster_members WHERE run_id = $1 AND number = -1)
    ON CONFLICT DO NOTHING"""
# Whole runs are kept; of all but the last few of a cluster, the members are not.
MEMBERS_KEPT = 10
DROP_OLD = """
    DELETE FROM cluster_members WHERE (run_id, document_id) IN (
      SELECT run_id, document_id FROM cluster_members WHERE run_id IN (
        SELECT run_id FROM cluster_runs WHERE cluster_id = $1 AND mode = 'full' AND status = 'completed'
        ORDER BY completed_at DESC, row_key DESC OFFSET $2) LIMIT $3)"""
# One statement may wait for a document that somebody is about to delete.
patiently = tenacity.retry(
    retry=tenacity.retry_if_exception_type(asyncpg.LockNotAvailableError),
    wait=tenacity.wait_random_exponential(multiplier=0.05, max=1.0),
    reraise=True,
)


async def drop(pool: Pool, run_id: str, base_run_id: str) -> None:
    """Removes what a run has written: its members and groups, or the members that an `assign` added to another's."""
    sql = DROP_MEMBERS.format(column="run_id" if run_id == base_run_id else "added_by")
    while await pool.execute(sql, run_id, CHUNK) != "DELETE 0":
        pass
    if run_id == base_run_id:
        await pool.execute("DELETE FROM cluster_groups WHERE run_id = $1", run_id)


async def drop_old(pool: Pool, cluster_id: str) -> None:
    """Forgets the members of runs of a cluster that are long past."""
    while await pool.execute(DROP_OLD, cluster_id, MEMBERS_KEPT, CHUNK) != "DELETE 0":
        pass


def _added_by(run_id: str, base_run_id: str) -> str | None:
    return None if run_id == base_run_id else run_id


async def write_groups(task: Task, run: Run, groups: Sequence[Group]) -> None:
    """Stores the groups of a run."""
    rows = [
        (
            *(run.run_id, group.number, group.group_id, group.parent, group.label, group.label_source, group.summary),
            *(list(group.keywords), group.member_count, list(group.centroids), list(group.place)),
            *(list(group.representatives), group.attributes, group.mean_cosine, group.min_cosine),
        )
        for group in groups
    ]
    async with task.pool.acquire() as connection, connection.transaction():
        await lock_open(connection, run, "SHARE")
        await connection.executemany(ADD_GROUP, rows)


async def write_members(task: Task, run: Run, members: Members) -> None:
    """Stores members, those of an `assign` with the run that it adds to; those whose document is gone are left out."""
    total = len(members.document_ids)
    for start in range(0, total, CHUNK):
        await _write_chunk(task.pool, run, members, slice(start, start + CHUNK))
        await task.progress(stage="writing", progress={"processed": min(start + CHUNK, total), "total": total})


@patiently
async def _write_chunk(pool: Pool, run: Run, members: Members, rows: slice) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(PATIENCE)
        await lock_open(connection, run, "SHARE")
        await connection.execute(
            ADD_MEMBERS, run.base_run_id, *members.columns(rows), _added_by(run.run_id, run.base_run_id)
        )


async def count_members(connection: Connection, run_id: str) -> tuple[int, int]:
    """Brings the counts of a run's groups up to date; how many members it has, and how many are noise."""
    await connection.execute(ADD_NOISE, run_id)
    await connection.execute(COUNT_MEMBERS, run_id)
    row = await connection.fetchrow(
        """SELECT count(*) AS members, count(*) FILTER (WHERE number = -1) AS noise FROM cluster_members
           WHERE run_id = $1""",
        run_id,
    )
    assert row is not None
    return int(row["members"]), int(row["noise"])
