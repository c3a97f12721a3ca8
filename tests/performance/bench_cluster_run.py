"""A whole run of the tutorial's cluster over 10,000 documents, against the libraries' own calls in a bare script.

Ours is from POST /clusters/{id}/execute to the end of its task, in a `likeness up` as an operator starts it: documents
are read from PostgreSQL, reduced by UMAP, clustered by HDBSCAN, scored, named, and written back with the picture. Bare
is UMAP and HDBSCAN with the same parameters on the same vectors, read from a file, in a fresh process. In turns within
one run. Memory is the worker's and its processes', above what the idle worker held.
Usage: `python -m tests.performance.bench_cluster_run DOCUMENTS ROUNDS LIMIT`.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psutil

from tests.performance.bench_clusters import CLUSTERS, GIGABYTE, MOST_MEMORY, SMALLEST, SPREAD, STEP, bare
from tests.performance.client import Client, create_unified, open_client, temporary_stack
from tests.performance.report import Figure, emit
from tests.support.clusters.cluster_vectors import Rows, blobs, put
from tests.support.running_stack import Stack
from tests.support.tutorial.option_a import SLOT

NAME, DIMENSIONS = "products", 1280
IDLE_SECONDS, LOOK_SECONDS = 10.0, 0.1
OPEN = ("PENDING", "IN_PROGRESS")
OBJECTS = """
    INSERT INTO objects (object_id, namespace_id, bucket_id, status)
    SELECT 'obj_bench' || n, namespace_id, bucket_id, 'COMPLETED' FROM buckets, generate_series(1, $1::int) AS n"""
DOCUMENTS = """
    INSERT INTO documents (document_id, namespace_id, collection_id, bucket_id, object_id, part, fields)
    SELECT 'doc_bench' || n, c.namespace_id, c.collection_id, c.bucket_ids[1], 'obj_bench' || n, 0, '{}'
    FROM collections c, generate_series(1, $1::int) AS n"""
EMBEDDINGS = """
    INSERT INTO embeddings (document_id, feature_uri, model, dimensions, vector)
    SELECT 'doc_bench' || n, c.feature_uri, c.model, c.dimensions, v
    FROM collections c, unnest($1::bytea[]) WITH ORDINALITY AS given (v, n)"""
CLUSTER = {
    "cluster_name": "discovery",
    "collection_ids": [NAME],
    "cluster_type": "vector",
    "vector_config": {
        "feature_uris": [SLOT],
        "clustering_method": "hdbscan",
        "hdbscan_parameters": {"min_cluster_size": SMALLEST},
        "preprocessing_steps": [STEP],
    },
}


@dataclass(frozen=True, kw_only=True)
class Run:
    """Seconds from the request to the task's end, and bytes above the idle worker."""

    seconds: float
    memory: int


async def fill(stack: Stack, vectors: Rows) -> None:
    """One document per vector, as a worker leaves them."""
    endpoints = json.loads((stack.data_dir / "run" / "endpoints.json").read_text())
    connection = await asyncpg.connect(endpoints["database_url"])
    try:
        await connection.execute(OBJECTS, len(vectors))
        await connection.execute(DOCUMENTS, len(vectors))
        await connection.execute(EMBEDDINGS, [row.astype("<f2").tobytes() for row in vectors])
    finally:
        await connection.close()


async def run(client: Client, worker: psutil.Process) -> Run:
    """Executes the cluster and waits for its task."""
    idle = peak = resident(worker)
    started = time.perf_counter()
    task = await client.send("POST", "/clusters/discovery/execute", {})
    while task["status"] in OPEN:
        await asyncio.sleep(LOOK_SECONDS)
        peak = max(peak, resident(worker))
        task = await client.send("GET", f"/tasks/{task['task_id']}")
    assert task["status"] == "COMPLETED", task
    return Run(seconds=time.perf_counter() - started, memory=peak - idle)


def resident(process: psutil.Process) -> int:
    """Bytes of the process and its children."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


async def measure(stack: Stack, folder: Path, rounds: int, vectors: Rows) -> list[tuple[Run, float]]:
    """Our run and the bare script's seconds, by turns."""
    processes = json.loads((stack.data_dir / "run" / "processes.json").read_text())
    worker = psutil.Process(processes["worker"])
    pairs = []
    async with open_client(stack) as client:
        await create_unified(client, NAME)
        await fill(stack, vectors)
        await client.send("POST", "/clusters", CLUSTER)
        await asyncio.sleep(IDLE_SECONDS)
        for number in range(1, rounds + 1):
            base = (await asyncio.to_thread(bare, folder)).seconds
            found = await run(client, worker)
            pairs.append((found, base))
            emit(Figure(name=f"run of a cluster, round {number}", value=found.seconds, unit=f"s (bare {base:.1f})"))
    return pairs


def main() -> None:
    """Prints every round, then the median of the ratios and the most memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("documents", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=float)
    given = parser.parse_args()
    vectors, _ = blobs(given.documents, CLUSTERS, DIMENSIONS, SPREAD)
    with tempfile.TemporaryDirectory() as name, temporary_stack() as stack:
        put(Path(name), vectors)
        pairs = asyncio.run(measure(stack, Path(name), given.rounds, vectors))
    ratio = statistics.median(found.seconds / base for found, base in pairs)
    memory = max(found.memory for found, _ in pairs) / GIGABYTE
    emit(Figure(name="run of a cluster / bare", value=ratio, unit="ratio", limit=given.limit))
    emit(Figure(name="memory of a run above the idle worker", value=memory, unit="GB", limit=MOST_MEMORY))


if __name__ == "__main__":
    main()
