"""The process that computes: its words, its errors, and its end, whoever brings it about."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import psutil
import pytest

from services.common.errors import InvalidArgumentError
from services.worker.clusters.computing.start_child import CHILD, ClusteringDiedError, compute
from services.worker.kit.task import TaskCanceledError
from tests.support.clusters.cluster_vectors import blobs, plan_of, put
from tests.support.waiting import until

# Takes minutes.
ENDLESS = plan_of("optics", sample_limit=5000)
PARENT = """
import asyncio, sys
from pathlib import Path
from services.worker.clusters.computing.start_child import compute
from services.worker.clusters.plan.cluster_plan import ClusterPlan
folder = Path(sys.argv[1])
async def report(stage, percent): print(stage, flush=True)
asyncio.run(compute(ClusterPlan.from_json((folder / "given.json").read_bytes()), folder, report))
"""


async def ignore(stage: str, percent: float) -> None:
    """Nobody listens."""


def children_of(pid: int) -> list[psutil.Process]:
    return [each for each in psutil.Process(pid).children(recursive=True) if CHILD in each.cmdline()]


def oom_score(process: psutil.Process) -> int:
    """How readily the kernel takes the process when memory runs out."""
    return int(Path(f"/proc/{process.pid}/oom_score_adj").read_text())


@asynccontextmanager
async def endless(folder: Path) -> AsyncIterator[tuple[asyncio.Task[object], psutil.Process]]:
    """A clustering that is at work, and its process."""
    put(folder, blobs(5000, 50, 256)[0])
    at_work = asyncio.Event()

    async def report(stage: str, percent: float) -> None:
        if stage == "clustering":
            at_work.set()

    mine = set(children_of(psutil.Process().pid))
    task: asyncio.Task[object] = asyncio.create_task(compute(ENDLESS, folder, report))
    try:
        await asyncio.wait_for(at_work.wait(), 60)
        (process,) = set(children_of(psutil.Process().pid)) - mine
        yield task, process
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_memory_mapped_vectors_come_back_as_an_outcome(tmp_path: Path) -> None:
    vectors, truth = blobs(15, 3, 64, 0.2)
    put(tmp_path, vectors)
    said: list[tuple[str, float]] = []

    async def report(stage: str, percent: float) -> None:
        said.append((stage, percent))

    plan = plan_of("kmeans", parameters={"n_clusters": 3}, vis_n_components=3)
    outcome = await compute(plan, tmp_path, report)
    assert sorted(np.bincount(outcome.assignments)) == [5, 5, 5]
    assert len(set(zip(truth.tolist(), outcome.assignments.tolist(), strict=True))) == 3
    assert outcome.coordinates is not None
    assert outcome.coordinates.shape == (15, 3)
    assert outcome.metrics["sampled"] is False
    assert [percent for _, percent in said] == sorted(percent for _, percent in said)


async def test_what_can_never_work_is_the_callers_error(tmp_path: Path) -> None:
    put(tmp_path, blobs(15, 3, 16)[0])
    with pytest.raises(InvalidArgumentError) as caught:
        await compute(plan_of("leiden"), tmp_path, ignore)
    assert caught.value.details["path"] == "vector_config.clustering_method"


async def test_a_process_that_breaks_says_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(ClusteringDiedError, match=r"vectors_0\.npy"):
        await compute(plan_of("kmeans"), tmp_path, ignore)


async def test_cancellation_ends_the_process(tmp_path: Path) -> None:
    async with endless(tmp_path) as (task, process):
        assert process.nice() > psutil.Process().nice()
        assert oom_score(process) > oom_score(psutil.Process())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not process.is_running()


async def test_a_report_that_raises_ends_the_process(tmp_path: Path) -> None:
    put(tmp_path, blobs(5000, 50, 256)[0])
    processes: list[psutil.Process] = []

    async def report(stage: str, percent: float) -> None:
        processes.extend(children_of(psutil.Process().pid))
        if stage == "clustering":
            raise TaskCanceledError("task_1")

    with pytest.raises(TaskCanceledError):
        await compute(ENDLESS, tmp_path, report)
    assert processes
    assert not any(each.is_running() for each in processes)


async def test_a_killed_process_is_told_from_one_that_refused(tmp_path: Path) -> None:
    async with endless(tmp_path) as (task, process):
        process.kill()
        with pytest.raises(ClusteringDiedError, match="memory"):
            await task


async def test_the_process_ends_with_its_killed_parent(tmp_path: Path) -> None:
    put(tmp_path, blobs(5000, 50, 256)[0])
    (tmp_path / "given.json").write_bytes(ENDLESS.to_json())
    command = (sys.executable, "-c", PARENT, str(tmp_path))
    parent = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert parent.stdout is not None
        await asyncio.wait_for(parent.stdout.readuntil(b"clustering"), 60)
        (child,) = children_of(parent.pid)
    finally:
        parent.kill()
        await parent.wait()
    await until(lambda: _is_gone(child))


async def _is_gone(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def test_the_worker_that_starts_it_imports_nothing_heavy() -> None:
    heavy = {"sklearn", "scipy", "numba", "umap", "pynndescent"}
    source = f"import sys, {compute.__module__}; print(*({heavy!r} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True).stdout == "\n"
