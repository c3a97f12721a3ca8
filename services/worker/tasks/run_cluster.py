"""The task that runs a cluster: one at a time in each worker, from its start whenever it is run again."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from services.common.database.clusters.cluster_runs import OPEN, cancel_run
from services.common.database.pool import Pool
from services.common.errors import InternalError, LikenessError, UnavailableError
from services.common.settings import Settings
from services.worker.clusters.computing.start_child import ClusteringDiedError
from services.worker.clusters.enrichment.enrichment import Enrichment
from services.worker.clusters.runs.abandoned_runs import FOLDER
from services.worker.clusters.runs.execution import RunExecution
from services.worker.clusters.runs.lifecycle import SupersededError, begin, fail
from services.worker.clusters.runs.name_groups import Names
from services.worker.clusters.runs.run import Run
from services.worker.clusters.runs.write_groups import drop, drop_old
from services.worker.kit.task import Done, Task, TaskCanceledError, TaskWaitsError

WAIT_SECONDS = 1.0
# A computation that died once may have been unlucky; each try takes as long as the first.
TRIES = 2
OVER = "SELECT status FROM cluster_runs WHERE run_id = $1"


class ClusterRuns:
    """The handler."""

    def __init__(self, settings: Settings, names: Names, enrichment: Enrichment) -> None:
        self._folder = settings.data_dir / FOLDER
        self._execution = RunExecution(settings=settings, names=names)
        self._enrichment = enrichment
        self._turn = asyncio.Lock()

    async def run(self, task: Task) -> Done:
        """Does the run that `inputs` names, or leaves its turn to others while this worker does another."""
        if self._turn.locked():
            raise TaskWaitsError(WAIT_SECONDS)
        async with self._turn:
            run = await begin(task.pool, task.inputs["run_id"])
            done = await _over(task) if run is None else await self._do(task, run)
            await self._enrichment.after_run(task, task.inputs["run_id"])
            return done

    async def _do(self, task: Task, run: Run) -> Done:
        await drop(task.pool, run.run_id, run.base_run_id)
        try:
            async with _folder_of(self._folder / run.run_id) as folder:
                result = await self._execution.make(task, run, folder)
        except SupersededError:
            return await _outlast(task)
        except TaskCanceledError:
            if await _ended(task.pool, run.run_id) == "completed":
                return await _over(task)
            await drop(task.pool, run.run_id, run.base_run_id)
            raise
        except UnavailableError:
            raise
        except (LikenessError, ClusteringDiedError) as error:
            if isinstance(error, ClusteringDiedError) and run.attempt < TRIES:
                raise
            await drop(task.pool, run.run_id, run.base_run_id)
            await fail(task.pool, run.run_id, str(error))
            raise (error if isinstance(error, LikenessError) else InternalError(str(error))) from None
        await drop_old(task.pool, run.cluster_id)
        outputs = {"num_clusters": result.num_clusters, "num_points": result.num_points}
        return Done(outputs={"cluster_id": run.cluster_id, "run_id": run.run_id, **outputs})


async def _over(task: Task) -> Done:
    """What is left to say of a run that ended, or whose cluster was deleted, before its task did."""
    status = await task.pool.fetchval(OVER, task.inputs["run_id"])
    if status != "completed":
        raise TaskCanceledError(task.task_id)
    return Done(outputs={"cluster_id": task.inputs["cluster_id"], "run_id": task.inputs["run_id"]})


async def _outlast(task: Task) -> Done:
    """Waits for the worker that does the run instead."""
    while await task.pool.fetchval(OVER, task.inputs["run_id"]) in OPEN:  # noqa: ASYNC110 -- another process ends it
        await asyncio.sleep(WAIT_SECONDS)
    return await _over(task)


async def _ended(pool: Pool, run_id: str) -> str | None:
    """Cancels a run unless it has ended, which another worker may have seen to; how it ended, None when it is gone."""
    async with pool.acquire() as connection, connection.transaction():
        await cancel_run(connection, run_id)
        status: str | None = await connection.fetchval(OVER, run_id)
    return status


@asynccontextmanager
async def _folder_of(path: Path) -> AsyncIterator[Path]:
    """An empty folder, gone afterwards."""
    await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
    await asyncio.to_thread(path.mkdir, parents=True)
    try:
        yield path
    finally:
        await asyncio.to_thread(shutil.rmtree, path, ignore_errors=True)
