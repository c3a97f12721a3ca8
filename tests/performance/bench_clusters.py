"""UMAP + HDBSCAN through the worker's clustering process, against the libraries' own calls in a bare script.

Same vectors, parameters and cores, each in a fresh process with its imports, in turns within one run. The product's
side also takes the picture from the same reduction, scores the clusters, and finds centroids and representatives.
The process is nice, so that its seconds mean little beside other work; its processor time does. A figure without a
limit tells what the default asks for: a reduction of its own for the picture besides.
Usage: `python -m tests.performance.bench_clusters ROWS ROUNDS LIMIT`.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from sklearn.metrics import adjusted_rand_score

from services.worker.clusters.computing.start_child import compute
from services.worker.clusters.plan.cluster_plan import ClusterPlan
from services.worker.clusters.plan.outcome import ClusterOutcome
from tests.performance.report import Figure, emit
from tests.support.clusters.cluster_vectors import URIS, blobs, put

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


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one process took: seconds, seconds of processors, and bytes above what this process held before."""

    seconds: float
    cpu: float
    memory: int = 0


def bare(folder: Path) -> Cost:
    """The bare script."""
    file, dimensions = str(folder / "vectors_0.npy"), str(STEP["n_components"])
    command = [sys.executable, "-m", "tests.performance.bare_clusters", file, dimensions, str(SMALLEST)]
    started, used = time.perf_counter(), cpu_of_children()
    subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Cost(seconds=time.perf_counter() - started, cpu=cpu_of_children() - used)


def ours(wanted: ClusterPlan, folder: Path) -> tuple[Cost, ClusterOutcome]:
    """The worker's clustering process, as the worker starts it."""
    idle = resident()

    async def run() -> ClusterOutcome:
        watching = asyncio.create_task(watch(peak))
        try:
            return await compute(wanted, folder, silent)
        finally:
            watching.cancel()

    peak = [idle]
    started, used = time.perf_counter(), cpu_of_children()
    outcome = asyncio.run(run())
    seconds, cpu = time.perf_counter() - started, cpu_of_children() - used
    return Cost(seconds=seconds, cpu=cpu, memory=peak[0] - idle), outcome


def cpu_of_children() -> float:
    """Seconds of processors that ended children took so far."""
    times = psutil.Process().cpu_times()
    return float(times.children_user + times.children_system)


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
    rounds: list[tuple[Cost, Cost]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put(folder, vectors)
        for number in range(1, given.rounds + 1):
            base = bare(folder)
            cost, outcome = ours(plan(STEP), folder)
            rounds.append((cost, base))
            unit = f"s (bare {base.seconds:.1f})"
            emit(Figure(name=f"clusters of {given.rows} documents, round {number}", value=cost.seconds, unit=unit))
        likeness = adjusted_rand_score(truth, outcome.assignments)
        emit(Figure(name="clusters found, adjusted Rand index", value=likeness, unit="of 1", better="higher"))
        default, _ = ours(plan(), folder)
        emit(Figure(name="clusters by default, in 10 dimensions, with a picture", value=default.seconds, unit=unit))
    ratio = statistics.median(cost.seconds / base.seconds for cost, base in rounds)
    cpu = statistics.median(cost.cpu / base.cpu for cost, base in rounds)
    most = max(default.memory, *(cost.memory for cost, _ in rounds)) / GIGABYTE
    emit(Figure(name="clusters, process / bare", value=ratio, unit="ratio", limit=given.limit))
    emit(Figure(name="clusters, processor time, process / bare", value=cpu, unit="ratio"))
    emit(Figure(name="memory of clustering above idle", value=most, unit="GB", limit=MOST_MEMORY))


if __name__ == "__main__":
    main()
