"""How a run begins and ends; each step one transaction, with the cluster's figures and the event."""

from dataclasses import dataclass, field
from typing import Any, Literal

import asyncpg

from services.common.database.events.outbox import record_event
from services.common.database.pool import Connection, Pool
from services.worker.clusters.runs.run import Run, run_of
from services.worker.kit.task import TaskCanceledError

JsonObject = dict[str, Any]
LONGEST_ERROR = 2000
BEGIN = """
    UPDATE cluster_runs SET status = 'processing', attempt = attempt + 1, started_at = coalesce(started_at, now()),
      updated_at = now()
    WHERE run_id = $1 AND status IN ('pending', 'processing')
    RETURNING (SELECT status FROM cluster_runs old WHERE old.run_id = $1) AS before"""
READ = """
    SELECT r.run_id, r.base_run_id, r.mode, r.options, r.attempt, k.cluster_id, k.cluster_name, k.namespace_id,
           k.collection_ids, k.feature_uris, k.config, k.filters, k.llm_labeling,
           ARRAY(SELECT id FROM unnest(k.collection_ids) AS id WHERE NOT EXISTS (
             SELECT FROM collections c WHERE c.collection_id = id)) AS missing_collections,
           b.models AS base_models, b.feature_uris AS base_feature_uris
    FROM cluster_runs r JOIN clusters k USING (cluster_id) JOIN cluster_runs b ON b.run_id = r.base_run_id
    WHERE r.run_id = $1"""
BEGUN = """
    UPDATE clusters SET status = 'PROCESSING', last_executed_at = now(), updated_at = now()
    WHERE cluster_id = $1 AND last_run_id = $2"""
# Whoever begins the run anew waits for this lock, and from then on finds no older attempt at work.
LOCK = "SELECT status, attempt FROM cluster_runs WHERE run_id = $1 FOR {strength}"
COMPLETE = """
    UPDATE cluster_runs SET status = 'completed', num_clusters = $2, num_points = $3, feature_uris = $4, models = $5,
      vis_n_components = $6, metrics = $7, warnings = $8, llm_labeling_errors = $9, source_documents = $10,
      vectors_retrieved = $11, vectors_clustered = $12, reconciliation_reasons = $13, completed_at = now(),
      updated_at = now()
    WHERE run_id = $1 RETURNING extract(epoch FROM completed_at - started_at)::float8 AS seconds"""
COMPLETED = """
    UPDATE clusters SET num_clusters = $3, num_documents_clustered = $4, llm_labeling_errors = $6,
      quality_metrics = CASE WHEN $8 THEN coalesce(quality_metrics, '{}') ELSE '{}' END || $5::jsonb,
      execution_time_seconds = $7, completed_at = now(), updated_at = now(),
      status = CASE WHEN last_run_id = $2 THEN 'COMPLETED' ELSE status END,
      error = CASE WHEN last_run_id = $2 THEN NULL ELSE error END
    WHERE cluster_id = $1"""
FAIL = """
    UPDATE cluster_runs SET status = 'failed', error_message = $2, completed_at = now(), updated_at = now()
    WHERE run_id = $1 AND status IN ('pending', 'processing')
    RETURNING cluster_id, namespace_id, (SELECT cluster_name FROM clusters k
                                         WHERE k.cluster_id = cluster_runs.cluster_id) AS cluster_name"""
FAILED = """
    UPDATE clusters SET status = 'FAILED', error = $3, updated_at = now()
    WHERE cluster_id = $1 AND last_run_id = $2"""


class SupersededError(Exception):
    """Another worker took this one for dead, and does the run."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """What a run came to; `documents` had all vectors asked for, of `source_documents` that passed the filters.

    `num_points` and `num_clusters` are those of the run whose groups they are.
    """

    num_clusters: int
    num_points: int
    source_documents: int
    documents: int
    clustered: int
    feature_uris: tuple[str, ...] = ()
    models: JsonObject = field(default_factory=dict)
    vis_n_components: int | None = None
    metrics: JsonObject = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    naming_errors: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


async def begin(pool: Pool, run_id: str) -> Run | None:
    """Marks a run as processing and says so once; None when it is over, or gone."""
    async with pool.acquire() as connection, connection.transaction():
        begun = await connection.fetchrow(BEGIN, run_id)
        if begun is None:
            return None
        row = await connection.fetchrow(READ, run_id)
        assert row is not None
        await connection.execute(BEGUN, row["cluster_id"], run_id)
        if begun["before"] == "pending":
            await _tell(connection, "started", row, run_id, {"mode": row["mode"]})
    return run_of(row)


async def lock_open(connection: Connection, run: Run, strength: Literal["UPDATE", "SHARE"] = "UPDATE") -> None:
    """Locks a run until the transaction ends.

    TaskCanceledError when it has been ended meanwhile, or is gone; SupersededError when it was begun again.
    """
    row = await connection.fetchrow(LOCK.format(strength=strength), run.run_id)
    if row is None or row["status"] != "processing":
        raise TaskCanceledError(run.run_id)
    if row["attempt"] != run.attempt:
        raise SupersededError(run.run_id)


async def complete(connection: Connection, run: Run, result: Result) -> None:
    """Ends a locked run well, with the figures of its cluster and the event."""
    seconds = await connection.fetchval(
        COMPLETE,
        run.run_id,
        result.num_clusters,
        result.num_points,
        list(result.feature_uris),
        result.models,
        result.vis_n_components,
        result.metrics,
        list(result.warnings),
        list(result.naming_errors),
        result.source_documents,
        result.documents,
        result.clustered,
        list(result.reasons),
    )
    figures = (result.num_clusters, result.num_points, result.metrics, list(result.naming_errors), seconds)
    await connection.execute(COMPLETED, run.cluster_id, run.run_id, *figures, run.is_assign)
    told = {"mode": run.mode, "num_clusters": result.num_clusters, "num_documents": result.num_points}
    await _tell(connection, "completed", {**vars(run)}, run.run_id, {**told, "execution_time_seconds": seconds})


async def fail(pool: Pool, run_id: str, message: str) -> None:
    """Ends an open run as failed, for a reason that its cluster tells too."""
    reason = message[:LONGEST_ERROR]
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(FAIL, run_id, reason)
        if row is not None:
            await connection.execute(FAILED, row["cluster_id"], run_id, reason)
            await _tell(connection, "failed", row, run_id, {"error": reason})


async def _tell(
    connection: Connection, what: str, row: asyncpg.Record | JsonObject, run_id: str, more: JsonObject
) -> None:
    payload = {"cluster_id": row["cluster_id"], "cluster_name": row["cluster_name"], "run_id": run_id, **more}
    await record_event(connection, row["namespace_id"], f"cluster.execution.{what}", row["cluster_id"], payload)
