"""Runs of clusters: started by whoever asks for one, ended by the worker, canceled by anybody; and their enrichment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from services.common.database.pool import Connection, Executor
from services.common.database.tasks.create_task import NewTask, create_task, request_cancel
from services.common.errors import InvalidArgumentError, NotFoundError
from services.common.ids import new_id

JsonObject = dict[str, Any]
CLUSTER_RUN, TASK_TYPE = "cluster_run", "engine_cluster_build"
FULL, ASSIGN = "full", "assign"
OPEN = ("pending", "processing")
ATTRIBUTES = "attribute_based"
NOISE = -1
NOISE_ID = "-1"
CLUSTER = "SELECT * FROM clusters WHERE cluster_id = $1 FOR UPDATE"
LAST_COMPLETED = """
    SELECT run_id, num_clusters FROM cluster_runs WHERE cluster_id = $1 AND status = 'completed' AND mode = 'full'
    ORDER BY completed_at DESC, row_key DESC LIMIT 1"""
INSERT = """
    INSERT INTO cluster_runs (run_id, namespace_id, cluster_id, base_run_id, task_id, mode, algorithm, options)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"""
STARTED = """
    UPDATE clusters SET status = 'PENDING', error = NULL, last_run_id = $2, last_task_id = $3, updated_at = now()
    WHERE cluster_id = $1"""
CANCEL = """
    UPDATE cluster_runs SET status = 'canceled', completed_at = now(), updated_at = now()
    WHERE (run_id = $1 OR task_id = $1) AND status IN ('pending', 'processing') RETURNING run_id, cluster_id, task_id"""
CANCELED = """
    UPDATE clusters SET status = 'CANCELED', updated_at = now()
    WHERE cluster_id = $1 AND last_run_id = $2 AND status IN ('PENDING', 'PROCESSING')"""
CLUSTER_ENRICHMENT = "cluster_enrichment"
ENRICHMENT_TASK_TYPE = "api_collections_documents_bulk_update"
ENRICHES = """
    SELECT namespace_id FROM clusters JOIN cluster_runs USING (cluster_id, namespace_id)
    WHERE run_id = $1 AND enrich_source_collection"""


@dataclass(frozen=True, kw_only=True)
class StartedRun:
    """A run that waits for its task."""

    run_id: str
    task_id: str


def group_id(number: int) -> str:
    """The contract's id of a group within its run."""
    return NOISE_ID if number == NOISE else f"cl_{number}"


def algorithm_of(cluster_type: str, config: Mapping[str, Any]) -> str:
    """How a cluster groups, in the contract's word."""
    return ATTRIBUTES if cluster_type == "attribute" else str(config["vector_config"]["clustering_method"])


async def start_run(
    connection: Connection, cluster_id: str, *, mode: str = FULL, options: Mapping[str, Any] | None = None
) -> StartedRun:
    """Adds a run of a cluster with its task, in the caller's transaction.

    `options` are those of ExecuteClusterByIdRequest that hold for this run alone: filters, sample_size,
    vis_n_components, defer_visualization, assignment_threshold, llm_labeling. NotFoundError when the cluster is gone,
    InvalidArgumentError for an `assign` that has no groups of vectors to add to.
    """
    cluster = await connection.fetchrow(CLUSTER, cluster_id)
    if cluster is None:
        raise NotFoundError.of("cluster", cluster_id)
    run_id = new_id("run", 16)
    base = run_id if mode == FULL else await _base_of(connection, cluster)
    task = NewTask(
        kind=CLUSTER_RUN,
        task_type=TASK_TYPE,
        namespace_id=cluster["namespace_id"],
        inputs={"cluster_id": cluster_id, "run_id": run_id, "mode": mode},
    )
    task_id = await create_task(connection, task)
    algorithm = algorithm_of(cluster["cluster_type"], cluster["config"])
    values = (cluster["namespace_id"], cluster_id, base, task_id, mode, algorithm, dict(options or {}))
    await connection.execute(INSERT, run_id, *values)
    await connection.execute(STARTED, cluster_id, run_id, task_id)
    return StartedRun(run_id=run_id, task_id=task_id)


async def _base_of(db: Executor, cluster: asyncpg.Record) -> str:
    """The run that an `assign` adds to: the last full one, which must have made groups."""
    if cluster["cluster_type"] == "attribute":
        raise _unassignable("is for clusters of vectors; the groups of attributes are made anew by mode 'full'.")
    run = await db.fetchrow(LAST_COMPLETED, cluster["cluster_id"])
    if run is None:
        raise _unassignable("adds to the groups of a completed run, and there is none; use mode 'full' first.")
    if not run["num_clusters"]:
        raise _unassignable(f"adds to groups, and the last run, {run['run_id']}, found none; use mode 'full' again.")
    return str(run["run_id"])


def _unassignable(reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"body.mode: 'assign' {reason}", path="body.mode")


async def cancel_run(connection: Connection, key: str) -> str | None:
    """Ends an open run as canceled, and stops its task; `key` is its id or its task's.

    The id of the run, None when there is none that is still open.
    """
    row = await connection.fetchrow(CANCEL, key)
    if row is None:
        return None
    await connection.execute(CANCELED, row["cluster_id"], row["run_id"])
    if row["task_id"] is not None:
        await request_cancel(connection, row["task_id"])
    return str(row["run_id"])


async def open_runs(db: Executor, cluster_id: str) -> Sequence[str]:
    """The runs of a cluster that have not ended."""
    sql = "SELECT run_id FROM cluster_runs WHERE cluster_id = $1 AND status = ANY($2) ORDER BY row_key"
    return [row["run_id"] for row in await db.fetch(sql, cluster_id, list(OPEN))]


async def start_enrichment(connection: Connection, run_id: str) -> str | None:
    """Makes the task, in the caller's transaction; None when the cluster of this run does not enrich documents."""
    namespace_id = await connection.fetchval(ENRICHES, run_id)
    if namespace_id is None:
        return None
    task = NewTask(
        kind=CLUSTER_ENRICHMENT, task_type=ENRICHMENT_TASK_TYPE, namespace_id=namespace_id, inputs={"run_id": run_id}
    )
    return await create_task(connection, task)
