"""UMAP + HDBSCAN through the worker's clustering process, against the libraries' own calls in a bare script.

Same vectors, parameters and cores, each in a fresh process with its imports, in turns within one run. The product's
side also takes the picture from the same reduction, scores the clusters, and finds centroids and representatives.
A figure without a limit tells what the default asks for: a reduction of its own for the picture besides.
Usage: `python -m tests.performance.bench_clusters ROWS ROUNDS LIMIT`.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from sklearn.metrics import adjusted_rand_score

from services.worker.clustering.compute import compute
from services.worker.clustering.outcome import ClusterOutcome
from services.worker.clustering.plan import ClusterPlan
from tests.performance.report import Figure, emit
from tests.support.clustering import URIS, blobs, put

CLUSTERS, DIMENSIONS, SPREAD = 200, 768, 0.8
SMALLEST = 10
MOST_MEMORY = 1.5
GIGABYTE = 1e9
LOOK_SECONDS = 0.05
STEP = {"method": "umap", "n_components": 2, "n_neighbors": 30, "min_dist": 0.0}


def plan(*steps: dict[str, object]) -> ClusterPlan:
    """HDBSCAN with a picture."""
    parameters = {"min_cluster_size": SMALLEST}
    return ClusterPlan(algorithm="hdbscan", features=URIS[:1], parameters=parameters, preprocessing=steps)


def bare(folder: Path) -> float:
    """Seconds of the bare script."""
    file, dimensions = str(folder / "vectors_0.npy"), str(STEP["n_components"])
    command = [sys.executable, "-m", "tests.performance.bare_clusters", file, dimensions, str(SMALLEST)]
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - started


def ours(wanted: ClusterPlan, folder: Path) -> tuple[float, float, ClusterOutcome]:
    """Seconds, and the most memory in bytes above what this process held before, its child included."""
    idle = resident()

    async def run() -> ClusterOutcome:
        watching = asyncio.create_task(watch(peak))
        try:
            return await compute(wanted, folder, silent)
        finally:
            watching.cancel()

    peak = [idle]
    started = time.perf_counter()
    outcome = asyncio.run(run())
    return time.perf_counter() - started, peak[0] - idle, outcome


async def silent(stage: str, percent: float) -> None:
    """Nobody listens."""


async def watch(peak: list[int]) -> None:
    """Keeps the most memory of this process and its children in `peak`."""
    while True:
        peak[0] = max(peak[0], resident())
        await asyncio.sleep(LOOK_SECONDS)


def resident() -> int:
    """Bytes of this process and its children."""
    total, mine = 0, psutil.Process()
    for process in (mine, *mine.children(recursive=True)):
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def main() -> None:
    """Prints every round, then the median of the ratios and the most memory."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int)
    parser.add_argument("rounds", type=int)
    parser.add_argument("limit", type=float)
    given = parser.parse_args()
    vectors, truth = blobs(given.rows, CLUSTERS, DIMENSIONS, SPREAD)
    ratios, memory = [], []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put(folder, vectors)
        for number in range(1, given.rounds + 1):
            base = bare(folder)
            seconds, most, outcome = ours(plan(STEP), folder)
            ratios.append(seconds / base)
            memory.append(most)
            unit = f"s (bare {base:.1f})"
            emit(Figure(name=f"clusters of {given.rows} documents, round {number}", value=seconds, unit=unit))
        likeness = adjusted_rand_score(truth, outcome.assignments)
        emit(Figure(name="clusters found, adjusted Rand index", value=likeness, unit="of 1", better="higher"))
        seconds, most, _ = ours(plan(), folder)
        memory.append(most)
        emit(
            Figure(name="clusters by default: 10 dimensions, and a picture", value=seconds, unit=f"s (bare {base:.1f})")
        )
    ratio = statistics.median(ratios)
    emit(Figure(name="clusters, process / bare", value=ratio, unit="ratio", limit=given.limit))
    emit(Figure(name="memory of clustering above idle", value=max(memory) / GIGABYTE, unit="GB", limit=MOST_MEMORY))


if __name__ == "__main__":
    main()
