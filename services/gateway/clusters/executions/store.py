"""Runs of clusters in the database, with the groups that they have or add to."""

from collections.abc import Sequence

import asyncpg

from services.common.database.clusters.cluster_runs import cancel_run, start_enrichment
from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Executor, Pool
from services.common.errors import BadRequestError, InvalidArgumentError, NotFoundError
from services.common.filters.tables import Column, Kind, Table
from services.common.labels.label_values import label_value
from services.gateway.kit.lists.page_sql import Listing
from services.gateway.kit.lists.tables import CREATED, FEW, UPDATED
from services.gateway.kit.rows.change_row import change_row

# People's labels belong to the groups, and so to the run that has them.
COLUMNS = """r.*, b.label_overrides AS overrides,
    (SELECT count(*) FROM cluster_members m WHERE m.run_id = r.base_run_id)
      < (SELECT coalesce(sum(g.member_count), 0) FROM cluster_groups g WHERE g.run_id = r.base_run_id
         AND NOT EXISTS (SELECT FROM cluster_groups p WHERE p.run_id = g.run_id AND p.parent = g.number))
      AS member_counts_stale"""
SOURCE = "cluster_runs r JOIN cluster_runs b ON b.run_id = r.base_run_id"
FIND = f"SELECT {COLUMNS} FROM {SOURCE} WHERE r.cluster_id = $1 AND r.run_id = $2"  # noqa: S608
LATEST = f"SELECT {COLUMNS} FROM {SOURCE} WHERE r.cluster_id = $1 ORDER BY r.row_key DESC LIMIT 1"  # noqa: S608
COMPLETED = f"""SELECT {COLUMNS} FROM {SOURCE} WHERE r.cluster_id = $1 AND r.status = 'completed'
    ORDER BY r.completed_at DESC, r.row_key DESC LIMIT 1"""  # noqa: S608
GROUPS = """
    SELECT g.*,
           (SELECT p.group_id FROM cluster_groups p WHERE p.run_id = g.run_id AND p.number = g.parent) AS parent_id,
           EXISTS (SELECT FROM cluster_groups c WHERE c.run_id = g.run_id AND c.parent = g.number) AS has_parts
    FROM cluster_groups g WHERE g.run_id = ANY($1) ORDER BY g.run_id, g.number"""
RUNS = Table(
    alias="r",
    columns={
        "run_id": Column("run_id"),
        "run_name": Column("run_name"),
        "status": Column("status"),
        "mode": Column("mode"),
        "algorithm": Column("algorithm"),
        "num_clusters": Column("num_clusters", Kind.OTHER),
        "num_points": Column("num_points", Kind.OTHER),
        "error_message": Column("error_message"),
        "created_at": CREATED,
        "completed_at": Column("completed_at", Kind.TIME),
        "updated_at": UPDATED,
    },
    prefixes={("metrics",): "metrics"},
    fields="metrics",
)
LIST_RUNS = Listing(table=RUNS, source=SOURCE, columns=COLUMNS, key="r.row_key", page_size=FEW)
SEARCH_RUNS = "r.run_id ILIKE {pattern} OR coalesce(r.run_name, '') ILIKE {pattern} OR r.status ILIKE {pattern}"
STATS = """
    SELECT status, count(*)::int AS runs, coalesce(sum(num_points), 0)::int AS points,
           coalesce(sum(num_clusters), 0)::int AS clusters,
           coalesce(sum(extract(epoch FROM completed_at - started_at)), 0)::float8 AS seconds
    FROM cluster_runs WHERE cluster_id = $1 GROUP BY status ORDER BY status"""


async def read_run(db: Executor, cluster_id: str, run_id: str) -> asyncpg.Record:
    """A run of a cluster; NotFoundError where there is none."""
    row = await db.fetchrow(FIND, cluster_id, run_id)
    if row is None:
        raise NotFoundError.of("execution", run_id)
    return row


async def latest_run(db: Executor, cluster_id: str) -> asyncpg.Record:
    """The last run of a cluster; NotFoundError where there is none."""
    row = await db.fetchrow(LATEST, cluster_id)
    if row is None:
        message = f"The cluster '{cluster_id}' has not been executed yet; POST /v1/clusters/{cluster_id}/execute."
        raise NotFoundError(message, resource="execution", id=cluster_id)
    return row


async def completed_run(db: Executor, cluster_id: str, run_id: str | None) -> asyncpg.Record:
    """The run that is named, which must be completed, or the last that was; NotFoundError where there is none."""
    if run_id is None:
        row = await db.fetchrow(COMPLETED, cluster_id) or await latest_run(db, cluster_id)
    else:
        row = await read_run(db, cluster_id, run_id)
    if row["status"] != "completed":
        message = (
            f"The execution '{row['run_id']}' is {row['status']} and has no groups; see its task '{row['task_id']}'."
        )
        raise NotFoundError(message, resource="execution", id=row["run_id"])
    return row


async def read_groups(db: Executor, base_run_ids: Sequence[str]) -> dict[str, list[asyncpg.Record]]:
    """The groups of runs, by run and number."""
    found: dict[str, list[asyncpg.Record]] = {run_id: [] for run_id in base_run_ids}
    for row in await db.fetch(GROUPS, list(found)):
        found[row["run_id"]].append(row)
    return found


async def cancel(pool: Pool, row: asyncpg.Record) -> None:
    """Cancels an open run; BadRequestError for one that has ended."""
    async with pool.acquire() as connection, connection.transaction():
        if await cancel_run(connection, row["run_id"]) is None:
            status = await connection.fetchval("SELECT status FROM cluster_runs WHERE run_id = $1", row["run_id"])
            message = (
                f"Execution '{row['run_id']}' is {status}: only one that is pending or processing can be canceled."
            )
            raise BadRequestError(message, reason="EXECUTION_STATUS", id=row["run_id"])


async def rename(pool: Pool, row: asyncpg.Record, name: str | None) -> None:
    """Names a run; None takes its name away."""
    async with pool.acquire() as connection, connection.transaction():
        change = await change_row(connection, "cluster_runs", "run_id", row["run_id"], {"run_name": name})
        if change is not None and change.columns:
            await _tell(connection, row, {"run_name": name})


async def relabel(pool: Pool, row: asyncpg.Record, labels: dict[str, str]) -> dict[str, str]:
    """Sets labels of groups by their ids, and takes away those that are blank; all that are set then.

    Documents that the run has enriched follow by a task.

    InvalidArgumentError for a group that the run does not have.
    """
    async with pool.acquire() as connection, connection.transaction():
        sql = "SELECT label_overrides FROM cluster_runs WHERE run_id = $1 FOR UPDATE"
        overrides: dict[str, str] | None = await connection.fetchval(sql, row["base_run_id"])
        if overrides is None:
            raise NotFoundError.of("execution", row["run_id"])
        await _require_groups(connection, row["base_run_id"], labels)
        changed = {name: label for name, given in {**overrides, **labels}.items() if (label := label_value(given))}
        if changed == overrides:
            return overrides
        sql = "UPDATE cluster_runs SET label_overrides = $2, updated_at = now() WHERE run_id = $1"
        await connection.execute(sql, row["base_run_id"], changed)
        await start_enrichment(connection, row["base_run_id"])
        await _tell(connection, row, {"labels": labels})
    return changed


async def _require_groups(connection: Connection, run_id: str, labels: dict[str, str]) -> None:
    known = await connection.fetch("SELECT group_id FROM cluster_groups WHERE run_id = $1", run_id)
    unknown = labels.keys() - {row["group_id"] for row in known}
    if unknown:
        path = f"body.labels.{min(unknown):.100}"
        raise InvalidArgumentError(f"{path}: the execution has no such group.", path=path)


async def _tell(connection: Connection, row: asyncpg.Record, changed: dict[str, object]) -> None:
    payload = {"cluster_id": row["cluster_id"], "run_id": row["run_id"], **changed}
    await record_event(connection, row["namespace_id"], "cluster.updated", row["cluster_id"], payload)
