"""Runs a clustering in a process of its own, which ends with its caller."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import orjson
import structlog

from services.common.errors import LikenessError, from_status
from services.worker.clusters.computing.process_environment import environment_of
from services.worker.clusters.plan.cluster_plan import ClusterPlan, JsonObject
from services.worker.clusters.plan.outcome import ClusterOutcome, load_outcome

CHILD = "services.worker.clusters.computing.child_main"
PLAN = "plan.json"
# How long the caller waits at most to hear that it was canceled.
REPORT_SECONDS = 0.5
LAST_WORDS = 20
LINE_BYTES = 2**20
Report = Callable[[str, float], Awaitable[None]]
log = structlog.get_logger()


class ClusteringDiedError(Exception):
    """The process ended without an outcome; another try may do better."""


async def compute(plan: ClusterPlan, folder: Path, report: Report) -> ClusterOutcome:
    """Clusters the vectors in `folder`; `report(stage, percent)` is called as it goes, and may raise to stop it.

    Raises LikenessError for what can never work, ClusteringDiedError for a process that was killed or broke.
    """
    (folder / PLAN).write_bytes(plan.to_json())
    async with _child(folder) as process:
        words = asyncio.create_task(_last_words(process))
        error = await _follow(process, report)
        status = await process.wait()
    if error is not None:
        raise _likeness_error(error)
    if status != 0:
        raise ClusteringDiedError(_cause_of_death(status, await words))
    return await asyncio.to_thread(load_outcome, folder)


@asynccontextmanager
async def _child(folder: Path) -> AsyncIterator[Process]:
    """The running process: its standard input is the pipe whose end tells it that its parent died."""
    command = (sys.executable, "-P", "-m", CHILD, str(folder))
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=PIPE,
        stderr=PIPE,
        limit=LINE_BYTES,
        env=environment_of(folder),
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())


async def _follow(process: Process, report: Report) -> JsonObject | None:
    """Passes on what the process says until it says no more; the error that it told, if any."""
    said: JsonObject = {"stage": "starting", "percent": 0.0}
    assert process.stdout is not None
    line = asyncio.ensure_future(process.stdout.readline())
    try:
        while True:
            await report(said["stage"], said["percent"])
            await asyncio.wait((line,), timeout=REPORT_SECONDS)
            if not line.done():
                continue
            if not line.result():
                return None
            said |= orjson.loads(line.result())
            if "error" in said:
                error: JsonObject = said["error"]
                return error
            line = asyncio.ensure_future(process.stdout.readline())
    finally:
        line.cancel()


async def _last_words(process: Process) -> list[str]:
    """Logs what the process writes to its standard error; the last lines of it."""
    lines: list[str] = []
    assert process.stderr is not None
    async for line in process.stderr:
        lines = [*lines[1 - LAST_WORDS :], line.decode(errors="replace").rstrip()]
        log.warning("clustering", pid=process.pid, line=lines[-1])
    return lines


def _likeness_error(told: JsonObject) -> LikenessError:
    return from_status(grpc.StatusCode[told["code"]], told["message"], told["reason"], told["details"])


def _cause_of_death(status: int, words: list[str]) -> str:
    if status == -9:
        return (
            "The clustering process was killed, most likely by the system for want of memory; "
            "lower sample_size or LIKENESS_CLUSTER_SAMPLE_LIMIT."
        )
    return f"The clustering process ended with status {status}: {words[-1] if words else 'it said nothing'}"
