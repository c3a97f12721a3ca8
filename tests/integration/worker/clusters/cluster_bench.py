"""Clusters in the worker's tests: documents with vectors of known groups, and runs to their end."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg
import numpy as np
from numpy.typing import NDArray

from services.common.database.clusters.cluster_runs import StartedRun, cancel_run, start_run
from services.common.ids import new_id
from services.worker.clusters.runs.groups import Members
from tests.integration.worker.bench import BUCKET, COLLECTION, NAMESPACE, Bench
from tests.support.tutorial.option_a import SLOT

DIMENSIONS = 16
ENDED = ("completed", "failed", "canceled")
KMEANS: dict[str, Any] = {
    "clustering_method": "kmeans",
    "algorithm_params": {"n_clusters": 3},
    "vis_n_components": None,
}


def blobs(count: int, groups: int = 3, seed: int = 0) -> NDArray[np.float16]:
    """Unit vectors about `groups` directions far apart, shape (count, DIMENSIONS); row i is of group i % groups."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (count, DIMENSIONS))
    vectors = np.eye(DIMENSIONS)[np.arange(count) % groups] + noise
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / lengths, dtype=np.float16)


def zeros(ids: Sequence[str]) -> Members:
    """All documents in the first group."""
    return Members(document_ids=ids, numbers=np.zeros(len(ids), np.int32))


async def add_documents(
    bench: Bench,
    vectors: Sequence[NDArray[np.floating] | None],
    *,
    fields: Sequence[Mapping[str, Any]] = (),
    model: str = "fake",
    collection_id: str = COLLECTION,
) -> list[str]:
    """One object and document per vector; None makes a document without."""
    ids = [new_id("doc", 16) for _ in vectors]
    values = [dict(each) for each in fields] or [{} for _ in ids]
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO objects (object_id, namespace_id, bucket_id, status) SELECT id, $2, $3, 'COMPLETED' "
            "FROM unnest($1::text[]) AS id",
            [each.replace("doc", "obj") for each in ids],
            NAMESPACE,
            BUCKET,
        )
        await connection.execute(
            "INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields) "
            "SELECT id, $3, $4, $5, replace(id, 'doc', 'obj'), 0, f FROM unnest($1::text[], $2::jsonb[]) AS n (id, f)",
            ids,
            values,
            NAMESPACE,
            collection_id,
            BUCKET,
        )
        having = [(key, vector) for key, vector in zip(ids, vectors, strict=True) if vector is not None]
        await connection.executemany(
            "INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector) VALUES ($1, $2, $3, $4, $5)",
            [(key, SLOT, model, len(vector), vector.astype("<f2").tobytes()) for key, vector in having],
        )
    return ids


async def add_cluster(bench: Bench, config: Mapping[str, Any], **columns: Any) -> str:
    """A cluster of the bench's collection by its one feature, or by attributes; returns its id."""
    cluster_id = new_id("clust")
    by_vectors = "attributes" not in config
    values = {
        "cluster_id": cluster_id,
        "namespace_id": NAMESPACE,
        "cluster_name": cluster_id,
        "cluster_type": "vector" if by_vectors else "attribute",
        "collection_ids": [COLLECTION],
        "feature_uris": [SLOT] if by_vectors else [],
        "config": {"vector_config" if by_vectors else "attribute_config": dict(config)},
        **columns,
    }
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await bench.pool.execute(f"INSERT INTO clusters ({', '.join(values)}) VALUES ({places})", *values.values())
    return cluster_id


async def start(bench: Bench, cluster_id: str, mode: str = "full", **options: Any) -> StartedRun:
    """A run that waits for a worker."""
    async with bench.pool.acquire() as connection, connection.transaction():
        return await start_run(connection, cluster_id, mode=mode, options=options)


async def ended(bench: Bench, run_id: str, seconds: float = 120) -> asyncpg.Record:
    """The row of a run once it is over, and its task too."""
    query = """
        SELECT r.*, t.status AS task_status, t.error AS task_error FROM cluster_runs r JOIN tasks t USING (task_id)
        WHERE run_id = $1 AND r.status = ANY($2) AND t.status NOT IN ('PENDING', 'IN_PROGRESS')"""
    async with asyncio.timeout(seconds):
        while (row := await bench.pool.fetchrow(query, run_id, list(ENDED))) is None:
            await asyncio.sleep(0.05)
    return row


async def run_to_end(bench: Bench, cluster_id: str, mode: str = "full", **options: Any) -> asyncpg.Record:
    """Starts a run and waits for its end, with a worker that works already."""
    return await ended(bench, (await start(bench, cluster_id, mode, **options)).run_id)


async def until(bench: Bench, started: StartedRun, stage: str, seconds: float = 120) -> None:
    """Waits until a run's task says that it is at this stage."""
    query = "SELECT additional_data ->> 'stage' FROM tasks WHERE task_id = $1"
    async with asyncio.timeout(seconds):
        while await bench.pool.fetchval(query, started.task_id) != stage:
            await asyncio.sleep(0.02)


async def cancel(bench: Bench, started: StartedRun) -> None:
    """Cancels a run as the gateway does."""
    async with bench.pool.acquire() as connection, connection.transaction():
        await cancel_run(connection, started.run_id)


async def members(bench: Bench, run_id: str) -> dict[str, int]:
    """Document id -> the number of its group."""
    rows = await bench.pool.fetch("SELECT document_id, number FROM cluster_members WHERE run_id = $1", run_id)
    return {row["document_id"]: row["number"] for row in rows}


async def groups(bench: Bench, run_id: str) -> list[asyncpg.Record]:
    """The groups of a run by number."""
    return await bench.pool.fetch("SELECT * FROM cluster_groups WHERE run_id = $1 ORDER BY number", run_id)


async def events(bench: Bench, cluster_id: str) -> list[str]:
    """The types of what was told of a cluster, in order."""
    rows = await bench.pool.fetch("SELECT event_type FROM events WHERE subject_id = $1 ORDER BY seq", cluster_id)
    return [row["event_type"] for row in rows]
