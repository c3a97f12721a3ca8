"""Claiming jobs, many at once, and never losing one.

pgqueuer delivers. Three of its ways are guarded against here: a job whose task is cancelled, or whose retry cannot be
written, would be deleted; a database connection that is lost stays lost; `attempts` does not grow when a worker dies
(the `processing` table counts).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from datetime import timedelta

import asyncpg
import structlog
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import FailingListenerError, RetryRequested
from pgqueuer.domain.models import Job

from services.common.database.tasks.create_task import TASK, TaskJob
from services.common.database.tasks.jobs import INGEST, IngestJob, queue_of
from services.common.process.logs import bind_request
from services.common.settings import Settings
from services.worker.ingest.ingestor import Ingestor
from services.worker.kit.database_outages import is_outage
from services.worker.tasks.runner import TaskRunner

# A worker that dies leaves its jobs to others after this time without a heartbeat.
HEARTBEAT = timedelta(seconds=6)
POLL = timedelta(seconds=2)
PACE_SECONDS = 0.1
RECONNECT_SECONDS = 0.5
NEVER = timedelta(0)
# Of all workers together: tasks are long, and uploads must not wait for them.
TASKS_AT_ONCE = 4
log = structlog.get_logger()


class PacedQueueManager(QueueManager):
    """With jobs in hand, looks for more ten times a second and not at every notice: each look costs four queries."""

    async def fetch_jobs(
        self, batch_size: int, global_concurrency_limit: int | None, heartbeat_timeout: timedelta
    ) -> AsyncGenerator[Job, None]:
        """Yields ready jobs."""
        if self.job_context:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.shutdown.wait(), PACE_SECONDS)
        async for job in super().fetch_jobs(batch_size, global_concurrency_limit, heartbeat_timeout):
            yield job


class JobQueue:
    """Hands ingest jobs to the ingestor, at most `worker_concurrency` at a time, and tasks to their runner."""

    def __init__(self, ingestor: Ingestor, runner: TaskRunner, settings: Settings) -> None:
        self._ingestor = ingestor
        self._runner = runner
        self._settings = settings
        self._batch = max(1, settings.worker_concurrency // 2)
        self._running: set[asyncio.Task[None]] = set()

    async def serve(self, stop: asyncio.Event) -> None:
        """Works until `stop`, then finishes what is in hand or, after `drain_seconds`, gives it back.

        Outlasts a database that is away: a lost connection is replaced, and jobs in hand go on meanwhile.
        """
        while not stop.is_set():
            try:
                await self._serve_connection(stop)
            except Exception as error:
                if not (is_outage(error) or isinstance(error, FailingListenerError)):
                    raise
                log.warning("queue lost; connecting again", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(RECONNECT_SECONDS)

    async def _serve_connection(self, stop: asyncio.Event) -> None:
        connection = await asyncpg.connect(self._settings.database_url, command_timeout=60)
        manager = PacedQueueManager(queue_of(connection))
        # Held jobs are revived by the housekeeper; deleted ones would be lost.
        manager.entrypoint(INGEST, on_failure="hold")(self._handle)
        manager.entrypoint(TASK, on_failure="hold", concurrency_limit=TASKS_AT_ONCE)(self._handle)
        stopper = asyncio.create_task(self._stop(manager, stop))
        try:
            await manager.run(
                batch_size=self._batch,
                max_concurrent_tasks=2 * self._batch,
                dequeue_timeout=POLL,
                heartbeat_timeout=HEARTBEAT,
                shutdown_on_listener_failure=True,
                log_aggregation_interval=NEVER,
            )
        finally:
            stopper.cancel()
            with contextlib.suppress(Exception):
                await connection.close(timeout=2)

    async def _stop(self, manager: QueueManager, stop: asyncio.Event) -> None:
        await stop.wait()
        log.info("draining", jobs=len(self._running))
        manager.shutdown.set()
        await asyncio.sleep(self._settings.drain_seconds)
        for task in self._running:
            task.cancel()

    async def _handle(self, job: Job) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            delay = await self._run(job)
        except asyncio.CancelledError:
            task.uncancel()
            raise RetryRequested(reason="the worker stops") from None
        finally:
            self._running.discard(task)
        if delay is not None:
            raise RetryRequested(delay=timedelta(seconds=delay))

    async def _run(self, job: Job) -> float | None:
        if job.entrypoint == TASK:
            task = TaskJob.from_payload(job.payload or b"{}")
            bind_request(task.request_id)
            return await self._runner.run(task)
        ingest = IngestJob.from_payload(job.payload or b"{}")
        bind_request(ingest.request_id)
        return await self._ingestor.run(ingest)
