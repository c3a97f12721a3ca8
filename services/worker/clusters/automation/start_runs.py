"""Starting the runs that are due: once their collection has come to rest, and no sooner than their cooldown allows."""

from datetime import timedelta

import asyncpg
import structlog

from services.common.database.clusters.cluster_runs import ASSIGN, open_runs, start_run
from services.common.database.pool import Connection, Pool
from services.common.errors import LikenessError
from services.worker.clusters.automation.due_runs import APPLICATIONS, MODE, NAMED

# A collection that never comes to rest is grouped all the same.
LONGEST_UNREST = timedelta(minutes=5)
SECONDS_BETWEEN_LOOKS = 1.0
CLAIM = """
    SELECT due.*, now() - due.since > $1 AS is_old FROM cluster_runs_due due
    WHERE looked_at IS NULL OR looked_at < now() - make_interval(secs => $2)
    ORDER BY looked_at NULLS FIRST, since LIMIT 1 FOR UPDATE SKIP LOCKED"""
LOOKED = "UPDATE cluster_runs_due SET looked_at = now() WHERE (cluster_id, collection_id, mode) = ($1, $2, $3)"
DELETE = "DELETE FROM cluster_runs_due WHERE (cluster_id, collection_id, mode) = ($1, $2, $3)"
# A run is over all collections of its cluster, and a full one leaves nothing to assign.
DELETE_COVERED = "DELETE FROM cluster_runs_due WHERE cluster_id = $1 AND $2 IN (mode, 'full')"
APPLIED = f"""
    SELECT (application ->> 'min_document_threshold')::bigint AS least,
           k.last_automatic_run_at > now() - make_interval(secs => coalesce(
             (application ->> 'cooldown_seconds')::float8, 0)) AS is_cooling
    FROM collections c CROSS JOIN LATERAL {APPLICATIONS} JOIN clusters k ON {NAMED}
    WHERE c.collection_id = $2 AND k.cluster_id = $1 AND {MODE} = $3 LIMIT 1"""  # noqa: S608
IS_BUSY = """
    SELECT EXISTS (SELECT FROM processing WHERE collection_id = $1 AND status IN ('PENDING', 'PROCESSING'))"""
COUNT = "SELECT count(*) FROM (SELECT FROM documents WHERE collection_id = $1 LIMIT $2) AS found"
STARTED = "UPDATE clusters SET last_automatic_run_at = now() WHERE cluster_id = $1"
log = structlog.get_logger()


class RunStarter:
    """Starts one run at a time; several workers share what is due."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """Looks at one cluster that is due; whether there may be others."""
        async with self._pool.acquire() as connection, connection.transaction():
            due = await connection.fetchrow(CLAIM, LONGEST_UNREST, SECONDS_BETWEEN_LOOKS)
            if due is None:
                return False
            key = (due["cluster_id"], due["collection_id"], due["mode"])
            if await _must_wait(connection, due):
                await connection.execute(LOOKED, *key)
                return True
            await connection.execute(DELETE, *key)
            if await _is_wanted(connection, due):
                await _start(connection, due)
        return True


async def _must_wait(connection: Connection, due: asyncpg.Record) -> bool:
    """Whether a later look may find the time right."""
    if not due["is_old"] and await connection.fetchval(IS_BUSY, due["collection_id"]):
        return True
    if await open_runs(connection, due["cluster_id"]):
        return True
    row = await _application(connection, due)
    return due["mode"] != ASSIGN and row is not None and bool(row["is_cooling"])


async def _is_wanted(connection: Connection, due: asyncpg.Record) -> bool:
    """Whether the cluster is applied still, and to enough documents; more of them would make it due again."""
    row = await _application(connection, due)
    if row is None:
        return False
    least = row["least"] or 0
    return least == 0 or await connection.fetchval(COUNT, due["collection_id"], least) >= least


async def _application(connection: Connection, due: asyncpg.Record) -> asyncpg.Record | None:
    return await connection.fetchrow(APPLIED, due["cluster_id"], due["collection_id"], due["mode"])


async def _start(connection: Connection, due: asyncpg.Record) -> None:
    """Starts the run; one that cannot be, such as an assignment before there are groups, is left out."""
    try:
        run = await start_run(connection, due["cluster_id"], mode=due["mode"])
    except LikenessError as error:
        log.info("cluster not run", cluster_id=due["cluster_id"], error=error.message)
        return
    await connection.execute(STARTED, due["cluster_id"])
    await connection.execute(DELETE_COVERED, due["cluster_id"], due["mode"])
    log.info("cluster run started", cluster_id=due["cluster_id"], run_id=run.run_id, mode=due["mode"])
