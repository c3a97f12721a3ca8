"""The worker process: `python -m services.worker.main`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog

from services.common import lifecycle
from services.common.blobs import open_blob_reader, open_blob_store, open_staging
from services.common.database.garbage import sparing
from services.common.database.pool import Pool, open_pool
from services.common.grpc_client import open_channel
from services.common.logs import configure_logs
from services.common.settings import Settings
from services.common.startup_errors import errors_in_words
from services.worker.alerts.asking import Asker
from services.worker.alerts.claims import Claims
from services.worker.alerts.documents import Documents
from services.worker.alerts.evaluator import Evaluator
from services.worker.alerts.loops import alert_loops
from services.worker.assembly import Assembler
from services.worker.cluster_automation.loops import automation_loops
from services.worker.cluster_enrichment.enrichment import Enrichment
from services.worker.cluster_labels.namer import Namer
from services.worker.cluster_runs import sweeping
from services.worker.content import Contents
from services.worker.corrections import correction_loops
from services.worker.delivering import fan_out
from services.worker.delivering.deliverer import LOOK_SECONDS, Deliverer
from services.worker.delivering.fan_out import FanOut
from services.worker.delivering.opening import open_deliverer
from services.worker.enricher import Enricher
from services.worker.extraction import Extractor
from services.worker.gate import Gate
from services.worker.housekeeping import SECONDS_BETWEEN, Housekeeper
from services.worker.indexer import Indexer
from services.worker.ingest import Ingestor, Services
from services.worker.labels import Labels
from services.worker.loops import Loop, run_loops
from services.worker.queue import JobQueue
from services.worker.records import Records
from services.worker.sources import Sources
from services.worker.tasks.clusters import ClusterRuns
from services.worker.tasks.evaluations import Evaluations
from services.worker.tasks.handlers import handlers_of
from services.worker.tasks.retriever_runs import RetrieverRuns
from services.worker.tasks.runner import TaskRunner
from services.worker.triggers.loops import trigger_loops
from services.worker.unchanged_input import Looker
from services.worker.writing import Writer

# After the drain, jobs are given back to a queue that may be out of reach.
LEAVE_SECONDS = 5.0
log = structlog.get_logger()


async def serve(stop: asyncio.Event, settings: Settings) -> None:
    """Works until `stop`, and ends within `drain_seconds` and a little after it."""
    async with (
        await open_pool(settings) as pool,
        open_services(settings, pool) as services,
        open_deliverer(settings, pool) as deliverer,
    ):
        runner = TaskRunner(pool, handlers_of(services), settings.max_attempts, settings.retry_base_seconds)
        queue = asyncio.create_task(JobQueue(Ingestor(services, settings), runner, settings).serve(stop))
        loops = (*loops_of(settings, pool, deliverer), *alert_loops(pool, services.alerts))
        beside = asyncio.create_task(run_loops(*loops))
        stopping = asyncio.create_task(stop.wait())
        log.info("working", concurrency=settings.worker_concurrency)
        await asyncio.wait((queue, beside, stopping), return_when=asyncio.FIRST_COMPLETED)
        beside.cancel()
        if not stop.is_set():
            stop.set()
        _, pending = await asyncio.wait((queue, beside), timeout=settings.drain_seconds + LEAVE_SECONDS)
        if pending:
            pool.terminate()
        for task in (queue, beside):
            if task.done() and not task.cancelled():
                task.result()


def loops_of(settings: Settings, pool: Pool, deliverer: Deliverer) -> tuple[Loop, ...]:
    """What is done again and again beside the jobs."""
    keep_events = timedelta(days=settings.event_retention_days)
    housekeeper = Housekeeper(pool, open_blob_store(settings), open_staging(settings), keep_events)
    return (
        *trigger_loops(pool),
        *automation_loops(pool),
        *correction_loops(pool),
        Loop(name="house", step=housekeeper.keep, seconds=SECONDS_BETWEEN),
        Loop(
            name="cluster runs",
            step=sweeping.RunSweeper(pool, settings.data_dir).sweep,
            seconds=sweeping.SECONDS_BETWEEN,
        ),
        Loop(name="fan-out", step=FanOut(pool).step, seconds=fan_out.SECONDS_BETWEEN),
        Loop(name="deliveries", step=deliverer.step, seconds=LOOK_SECONDS),
    )


@asynccontextmanager
async def open_services(settings: Settings, pool: Pool) -> AsyncIterator[Services]:
    """Everything that an ingest works with."""
    async with AsyncExitStack() as stack:
        extractor = await stack.enter_async_context(open_channel(settings.extractor_address))
        taxonomy = await stack.enter_async_context(open_channel(settings.taxonomy_address))
        index = await stack.enter_async_context(open_channel(settings.index_address))
        reader = await stack.enter_async_context(open_blob_reader(settings))
        indexer = Indexer(index, settings.rpc_timeout)
        records = Records(pool, settings.max_attempts)
        gate = Gate("extractor", extractor)
        assembler = Assembler(
            Sources(pool),
            Contents(open_blob_store(settings, sparing(pool)), reader),
            Extractor(extractor, settings.rpc_timeout, settings.extractor_queue),
            gate,
            settings.max_blob_bytes,
        )
        yield Services(
            records=records,
            assembler=assembler,
            looker=Looker(pool, assembler, records),
            extractor_gate=gate,
            labels=Labels(Enricher(taxonomy, settings.rpc_timeout), (Gate("taxonomy", taxonomy), Gate("index", index))),
            writer=Writer(pool, records, indexer),
            indexer=indexer,
            evaluations=Evaluations(taxonomy, settings.rpc_timeout),
            retriever_runs=RetrieverRuns(taxonomy, settings.rpc_timeout),
            clusters=ClusterRuns(settings, Namer(pool=pool, settings=settings), Enrichment(refresh=indexer.refresh)),
            alerts=Evaluator(
                pool,
                Claims(pool, sweep_seconds=settings.alert_sweep_seconds),
                Asker(pool, taxonomy, settings.rpc_timeout),
                Documents(pool, open_blob_store(settings)),
            ),
        )


def main() -> None:
    """Runs the worker until SIGTERM."""
    with errors_in_words("worker"):
        settings = Settings()
        configure_logs("worker", settings.log_level)
        lifecycle.run(lambda stop: serve(stop, settings))


if __name__ == "__main__":
    main()
