"""The gateway's process: `python -m services.gateway.main`."""

import asyncio
import os
import secrets
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
import uvicorn
from starlette.types import ASGIApp

from likeness.extractor.v1.extractor_service_pb2_grpc import ExtractorServiceStub
from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import TaxonomyServiceStub
from services.common.blobs import LinkSigner, open_blob_store, open_staging
from services.common.database.bounded_reads import BOUNDED
from services.common.database.buckets.unused_blobs import kept_from_sweep
from services.common.database.migrate import migrate
from services.common.database.pool import Executor, open_pool
from services.common.grpc.client import open_channel
from services.common.process.lifecycle import run
from services.common.process.logs import configure_logs
from services.common.process.startup_errors import errors_in_words
from services.common.settings import Settings
from services.gateway.app import build_app
from services.gateway.kit.access.key_ring import KeyRing
from services.gateway.kit.access.rate_limits import RateLimits
from services.gateway.kit.access.tenants import Tenants, ensure_default_namespace
from services.gateway.kit.dependencies import Channels, Gateway

PORT_FILE = "LIKENESS_PORT_FILE"
BACKLOG = 2048
log = structlog.get_logger()
LINK_SECRET = "link_signer"  # noqa: S105
SECRET_BYTES = 32


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """A gateway connected to everything; the services may still be starting."""
    channels = Channels(
        extractor=open_channel(settings.extractor_address),
        index=open_channel(settings.index_address),
        taxonomy=open_channel(settings.taxonomy_address),
    )
    async with (
        await open_pool(settings) as pool,
        await open_pool(settings, session=BOUNDED) as queries,
        channels.extractor,
        channels.index,
        channels.taxonomy,
    ):
        await ensure_default_namespace(pool)
        yield Gateway(
            settings=settings,
            pool=pool,
            queries=queries,
            blobs=open_blob_store(settings, kept_from_sweep(pool)),
            staging=open_staging(settings, kept_from_sweep(pool)),
            signer=LinkSigner(await shared_secret(pool, LINK_SECRET)),
            keys=KeyRing(pool),
            tenants=Tenants(pool),
            rates=RateLimits(),
            channels=channels,
            extractor=ExtractorServiceStub(channels.extractor),
            index=IndexServiceStub(channels.index),
            taxonomy=TaxonomyServiceStub(channels.taxonomy),
        )


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serves until `stop`, then lets requests in flight end."""
    await migrate(settings.database_url)
    async with open_gateway(settings) as gateway:
        with _listening(settings) as listener:
            server = _server(build_app(gateway), settings)
            stopping = asyncio.create_task(_stop_when(stop, server))
            _announce(listener)
            await server.serve(sockets=[listener])
            stopping.cancel()


async def _stop_when(stop: asyncio.Event, server: "Server") -> None:
    await stop.wait()
    server.should_exit = True


class Server(uvicorn.Server):
    """uvicorn that leaves signals to this process."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Does nothing: `lifecycle.run` listens already."""
        yield


def _server(app: ASGIApp, settings: Settings) -> Server:
    config = uvicorn.Config(
        app,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=int(settings.drain_seconds),
        proxy_headers=True,
    )
    return Server(config)


def _listening(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)


async def shared_secret(db: Executor, name: str) -> bytes:
    """The secret of this name, made at first use; the same for every process on this database."""
    await db.execute(
        "INSERT INTO server_secrets (secret_name, secret_value) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        name,
        secrets.token_bytes(SECRET_BYTES),
    )
    value: bytes = await db.fetchval("SELECT secret_value FROM server_secrets WHERE secret_name = $1", name)
    return value


def _announce(listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    log.info("serving", port=port)
    if path := os.environ.get(PORT_FILE):
        Path(path).write_text(f"{port}\n")


async def main(stop: asyncio.Event) -> None:
    """Reads the settings and serves."""
    settings = Settings()
    configure_logs("gateway", settings.log_level)
    await serve(settings, stop)


if __name__ == "__main__":
    with errors_in_words("gateway"):
        run(main)
