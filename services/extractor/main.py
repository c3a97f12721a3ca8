"""The extractor service: `python -m services.extractor.main`."""

import asyncio

import structlog

from likeness.extractor.v1.extractor_service_pb2_grpc import add_ExtractorServiceServicer_to_server
from services.common.grpc.server import GrpcServer
from services.common.process import lifecycle
from services.common.process.logs import configure_logs
from services.common.process.startup_errors import errors_in_words
from services.common.settings import Settings
from services.extractor.engine import Engine
from services.extractor.servicer import ExtractorServicer

SERVICE = "likeness.extractor.v1.ExtractorService"
log = structlog.get_logger()


async def serve(settings: Settings, stop: asyncio.Event) -> None:
    """Listens at once, SERVING when every model has run; ends after `stop` and the drain."""
    engine = Engine(settings)
    server = GrpcServer(settings.extractor_address, [SERVICE])
    add_ExtractorServiceServicer_to_server(ExtractorServicer(engine), server.server)
    await server.start()
    try:
        await engine.load()
        await server.ready()
        log.info("extractor.ready", address=settings.extractor_address)
        await stop.wait()
    finally:
        await server.stop(settings.drain_seconds)
        await engine.close()


def main() -> None:
    """Reads the settings from the environment and serves until SIGTERM."""
    with errors_in_words("extractor"):
        settings = Settings()
        configure_logs("extractor", settings.log_level)
        lifecycle.run(lambda stop: serve(settings, stop))


if __name__ == "__main__":
    main()
