"""Runs of clusters: started by whoever asks for one, ended by the worker, canceled by anybody."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.common.database.pool import Connection, Executor
from services.common.database.tasks import NewTask, create_task, request_cancel
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
    SELECT run_id FROM cluster_runs WHERE cluster_id = $1 AND status = 'completed' AND mode = 'full'
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
    InvalidArgumentError for an `assign` that has no completed run to add to.
    """
    cluster = await connection.fetchrow(CLUSTER, cluster_id)
    if cluster is None:
        raise NotFoundError.of("cluster", cluster_id)
    run_id = new_id("run", 16)
    base = run_id if mode == FULL else await base_of(connection, cluster_id)
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


async def base_of(db: Executor, cluster_id: str) -> str:
    """The run that an `assign` adds to: the last one that made groups."""
    run_id = await db.fetchval(LAST_COMPLETED, cluster_id)
    if run_id is None:
        message = "body.mode: 'assign' adds to the groups of a completed run, and there is none; use mode 'full' first."
        raise InvalidArgumentError(message, path="body.mode")
    return str(run_id)


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
