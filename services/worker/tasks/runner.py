"""Runs tasks by their kind, counting attempts before the work begins."""

import asyncio
from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog

from services.common.database.events.outbox import record_all
from services.common.database.pool import Pool
from services.common.database.tasks import create_task as tasks
from services.common.database.tasks.create_task import TaskJob
from services.common.errors import LikenessError, UnavailableError
from services.worker.kit.database_outages import is_outage
from services.worker.kit.job_retries import exhausted_message, retry_delay
from services.worker.kit.task import Done, Handler, Task, TaskCanceledError, TaskWaitsError
from services.worker.tasks.execution_events import events_of

NOT_NOW_SECONDS = 2.0
BEGIN = """
    UPDATE tasks SET status = 'IN_PROGRESS', attempts = attempts + 1, updated_at = now()
    WHERE task_id = $1 AND status IN ('PENDING', 'IN_PROGRESS')
    RETURNING namespace_id, kind, inputs, additional_data, attempts, error"""
END = """
    UPDATE tasks SET status = $2, outputs = $3, error = $4, updated_at = now()
    WHERE task_id = $1 AND status IN ('PENDING', 'IN_PROGRESS') RETURNING *"""
log = structlog.get_logger()


class TaskRunner:
    """Hands each task to the handler of its kind."""

    def __init__(self, pool: Pool, handlers: Mapping[str, Handler], max_attempts: int, retry_base: float) -> None:
        """`retry_base` is in seconds."""
        self._pool = pool
        self._handlers = handlers
        self._max_attempts = max_attempts
        self._retry_base = retry_base

    async def run(self, job: TaskJob) -> float | None:
        """Seconds after which the job is to be tried again, None when it is done. Never raises but for cancellation."""
        try:
            row = await self._pool.fetchrow(BEGIN, job.task_id)
            if row is None:
                return None
            return await self._attempt(job.task_id, row)
        except Exception as error:
            if not is_outage(error):
                log.exception("task", task_id=job.task_id)
            return NOT_NOW_SECONDS

    async def _attempt(self, task_id: str, row: asyncpg.Record) -> float | None:
        if row["attempts"] > self._max_attempts:
            await self._end(task_id, tasks.FAILED, exhausted_message(self._max_attempts, row["error"]))
            return None
        try:
            done = await self._handle(task_id, row)
        except TaskCanceledError:
            await self._end(task_id, tasks.CANCELED, None)
        except TaskWaitsError as wait:
            await self._take_back(task_id)
            return wait.seconds
        except asyncio.CancelledError:
            await self._take_back(task_id)
            raise
        except Exception as error:
            return await self._after(error, task_id, row["attempts"])
        else:
            status = tasks.COMPLETED_WITH_ERRORS if done.had_errors else tasks.COMPLETED
            await self._end(task_id, status, None, done.outputs)
        return None

    async def _handle(self, task_id: str, row: asyncpg.Record) -> Done:
        task = Task(
            pool=self._pool,
            task_id=task_id,
            namespace_id=row["namespace_id"],
            inputs=row["inputs"],
            additional_data=row["additional_data"],
        )
        await task.progress()
        return await self._handlers[row["kind"]](task)

    async def _after(self, error: Exception, task_id: str, attempts: int) -> float | None:
        if is_outage(error) or isinstance(error, UnavailableError):
            await self._take_back(task_id)
            return NOT_NOW_SECONDS
        if isinstance(error, LikenessError):
            await self._end(task_id, tasks.FAILED, error.message)
            return None
        log.error("task failed", task_id=task_id, attempt=attempts, exc_info=error)
        message = f"INTERNAL: {type(error).__name__}; see the worker's log"
        if attempts >= self._max_attempts:
            await self._end(task_id, tasks.FAILED, exhausted_message(attempts, message))
            return None
        await self._pool.execute("UPDATE tasks SET error = $2 WHERE task_id = $1", task_id, message)
        return retry_delay(attempts, self._retry_base)

    async def _take_back(self, task_id: str) -> None:
        """The attempt was no fault of the task's."""
        await self._pool.execute("UPDATE tasks SET attempts = greatest(attempts - 1, 0) WHERE task_id = $1", task_id)

    async def _end(
        self, task_id: str, status: str, error: str | None, outputs: Mapping[str, Any] | None = None
    ) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            row = await connection.fetchrow(END, task_id, status, dict(outputs or {}), error)
            if row is not None:
                await record_all(connection, events_of(row))
