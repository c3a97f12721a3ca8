"""The index service: `python -m services.index.main`."""

import os

# Before numpy is imported: on a busy machine OpenBLAS's own threads make a small product 200 times slower.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import asyncio
from contextlib import suppress

import structlog

from likeness.index.v1.index_service_pb2_grpc import add_IndexServiceServicer_to_server
from services.common.database.pool import Pool, open_pool
from services.common.grpc.server import GrpcServer
from services.common.process import lifecycle
from services.common.process.logs import configure_logs
from services.common.process.startup_errors import errors_in_words
from services.common.settings import Settings
from services.index.change_follower import ChangeFollower
from services.index.maintenance import Maintenance
from services.index.servicer import IndexServicer
from services.index.shards.engine import Engine
from services.index.snapshots.save_and_restore import Snapshots
from services.index.startup import restore

SERVICE = "likeness.index.v1.IndexService"
log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Listens at once, SERVING when the shards equal the database; after `stop` and the drain, writes snapshots."""
    async with await open_pool(settings) as pool:
        await _serve(settings, pool, stop)


async def _serve(settings: Settings, pool: Pool, stop: asyncio.Event) -> None:
    engine = Engine(pool, settings.index_exact_limit)
    follower = ChangeFollower(engine)
    snapshots = Snapshots(engine, follower, settings.data_dir / "index")
    servicer = IndexServicer(engine, follower, snapshots)
    server = GrpcServer(settings.index_address, [SERVICE])
    add_IndexServiceServicer_to_server(servicer, server.server)
    await server.start()
    tasks: list[asyncio.Task[None]] = []
    try:
        await restore(engine, follower, snapshots)
        maintenance = Maintenance(engine, follower, snapshots, settings.index_snapshot_seconds)
        tasks = [asyncio.create_task(follower.run()), asyncio.create_task(maintenance.run())]
        servicer.serving = True
        await server.ready()
        log.info("index.ready", address=settings.index_address)
        await stop.wait()
    finally:
        await server.stop(settings.drain_seconds)
        await _cancel(tasks)
    await snapshots.write_changed()


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task


def main() -> None:
    """Reads the settings from the environment and serves until SIGTERM."""
    with errors_in_words("index"):
        settings = Settings()
        configure_logs("index", settings.log_level)
        lifecycle.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
