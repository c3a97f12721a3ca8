"""The taxonomy service: `python -m services.taxonomy.main`."""

import asyncio

import structlog

from likeness.taxonomy.v1.taxonomy_service_pb2_grpc import add_TaxonomyServiceServicer_to_server
from services.common.blobs import open_blob_reader, open_blob_store
from services.common.database.pool import open_pool
from services.common.grpc.client import open_channel
from services.common.grpc.server import GrpcServer
from services.common.process import lifecycle
from services.common.process.logs import configure_logs
from services.common.process.startup_errors import errors_in_words
from services.common.settings import Settings
from services.taxonomy.database.documents import Documents
from services.taxonomy.database.object_blobs import ObjectBlobs
from services.taxonomy.database.reader import Reader
from services.taxonomy.queries.index_client import IndexClient
from services.taxonomy.queries.query_vectors import QueryVectors
from services.taxonomy.retrievers.engine import Engine
from services.taxonomy.servicer import TaxonomyServicer

SERVICE = "likeness.taxonomy.v1.TaxonomyService"
log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Serves as soon as the database answers; ends after `stop` and the drain."""
    async with (
        await open_pool(settings) as pool,
        open_blob_reader(settings) as blobs,
        open_channel(settings.index_address) as index,
        open_channel(settings.extractor_address) as extractor,
    ):
        reader = Reader(pool, settings.rpc_timeout)
        queries = QueryVectors(Documents(reader), blobs, extractor, settings.rpc_timeout)
        object_blobs = ObjectBlobs(reader, open_blob_store(settings))
        engine = Engine(reader, object_blobs, IndexClient(index, settings.rpc_timeout), queries)
        await _serve(settings, TaxonomyServicer(engine, pool), stop)


async def _serve(settings: Settings, servicer: TaxonomyServicer, stop: asyncio.Event) -> None:
    server = GrpcServer(settings.taxonomy_address, [SERVICE])
    add_TaxonomyServiceServicer_to_server(servicer, server.server)
    await server.start()
    try:
        await server.ready()
        log.info("taxonomy.ready", address=settings.taxonomy_address)
        await stop.wait()
    finally:
        await server.stop(settings.drain_seconds)


def main() -> None:
    """Reads the settings from the environment and serves until SIGTERM."""
    with errors_in_words("taxonomy"):
        settings = Settings()
        configure_logs("taxonomy", settings.log_level)
        lifecycle.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
