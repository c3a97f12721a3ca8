"""The worker process: `python -m services.worker.main`."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import structlog

from services.common.blobs import open_blob_reader, open_blob_store, open_staging
from services.common.database.buckets.unused_blobs import kept_from_sweep
from services.common.database.pool import Pool, open_pool
from services.common.grpc.client import open_channel
from services.common.process import lifecycle
from services.common.process.logs import configure_logs
from services.common.process.startup_errors import errors_in_words
from services.common.settings import Settings
from services.worker.alerts.claims import Claims
from services.worker.alerts.evaluator import Evaluator
from services.worker.alerts.loops import alert_loops
from services.worker.alerts.new_documents import NewDocuments
from services.worker.alerts.search import AlertSearch
from services.worker.clusters.automation.loops import automation_loops
from services.worker.clusters.enrichment.enrichment import Enrichment
from services.worker.clusters.names.namer import Namer
from services.worker.clusters.runs import abandoned_runs
from services.worker.exports.expired_exports import SECONDS_BETWEEN as BETWEEN_EXPORT_SWEEPS
from services.worker.exports.expired_exports import ExportSweeper
from services.worker.exports.exporter import Exporter
from services.worker.housekeeping.housekeeper import SECONDS_BETWEEN, Housekeeper
from services.worker.ingest.assembler import Assembler
from services.worker.ingest.extractor_client import ExtractorClient
from services.worker.ingest.ingestor import Ingestor
from services.worker.ingest.input_content import Contents
from services.worker.ingest.input_sources import Sources
from services.worker.ingest.processing_records import Records
from services.worker.ingest.unchanged_input import InputComparison
from services.worker.ingest.write_documents import Writer
from services.worker.job_queue import JobQueue
from services.worker.kit.index_client import IndexClient
from services.worker.kit.loops import Loop, run_loops
from services.worker.kit.service_readiness import ServiceReadiness
from services.worker.labels.loops import correction_loops
from services.worker.labels.machine_labels import MachineLabels
from services.worker.labels.taxonomy_client import TaxonomyClient
from services.worker.task_handlers import Services, handlers_of
from services.worker.tasks.evaluate_retriever import Evaluations
from services.worker.tasks.run_cluster import ClusterRuns
from services.worker.tasks.run_retriever import RetrieverRuns
from services.worker.tasks.runner import TaskRunner
from services.worker.triggers.loops import trigger_loops
from services.worker.webhooks import fan_out
from services.worker.webhooks.deliverer import LOOK_SECONDS, Deliverer, open_deliverer
from services.worker.webhooks.fan_out import FanOut

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
            step=abandoned_runs.RunSweeper(pool, settings.data_dir).sweep,
            seconds=abandoned_runs.SECONDS_BETWEEN,
        ),
        Loop(name="exports", step=ExportSweeper(settings, pool).sweep, seconds=BETWEEN_EXPORT_SWEEPS),
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
        index_client = IndexClient(index, settings.rpc_timeout)
        records = Records(pool, settings.max_attempts)
        readiness = ServiceReadiness("extractor", extractor)
        assembler = Assembler(
            Sources(pool),
            Contents(open_blob_store(settings, kept_from_sweep(pool)), reader),
            ExtractorClient(extractor, settings.rpc_timeout, settings.extractor_queue),
            readiness,
            settings.max_blob_bytes,
        )
        yield Services(
            records=records,
            assembler=assembler,
            input_comparison=InputComparison(pool, assembler, records),
            extractor_readiness=readiness,
            labels=MachineLabels(
                TaxonomyClient(taxonomy, settings.rpc_timeout),
                (ServiceReadiness("taxonomy", taxonomy), ServiceReadiness("index", index)),
            ),
            writer=Writer(pool, records, index_client),
            index_client=index_client,
            evaluations=Evaluations(taxonomy, settings.rpc_timeout),
            retriever_runs=RetrieverRuns(taxonomy, settings.rpc_timeout),
            clusters=ClusterRuns(
                settings, Namer(pool=pool, settings=settings), Enrichment(refresh=index_client.refresh)
            ),
            alerts=Evaluator(
                pool,
                Claims(pool, sweep_seconds=settings.alert_sweep_seconds),
                AlertSearch(pool, taxonomy, settings.rpc_timeout),
                NewDocuments(pool, open_blob_store(settings)),
            ),
            exports=Exporter(settings, open_blob_store(settings)),
        )


def main() -> None:
    """Runs the worker until SIGTERM."""
    with errors_in_words("worker"):
        settings = Settings()
        configure_logs("worker", settings.log_level)
        lifecycle.run(lambda stop: serve(stop, settings))


if __name__ == "__main__":
    main()
