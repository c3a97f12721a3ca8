"""Asking whether the services are ready."""

import asyncio
import http.client
from collections.abc import Awaitable, Callable

from services.common.grpc.client import is_serving, open_channel
from services.local.postgres.embedded_postgres import EmbeddedPostgres

POLL_SECONDS = 0.05
ANSWER_SECONDS = 2.0


async def wait_serving(address: str) -> None:
    """Returns when the gRPC server at `address` reports SERVING; waits as long as it takes."""
    channel = open_channel(address)
    try:
        await _poll(lambda: is_serving(channel, ANSWER_SECONDS))
    finally:
        await channel.close()


async def wait_http(host: str, port: int) -> None:
    """Returns when GET /health answers 200; waits as long as it takes."""
    await _poll(lambda: asyncio.to_thread(http_healthy, host, port))


async def wait_accepting(postgres: EmbeddedPostgres) -> None:
    """Returns when PostgreSQL accepts connections; waits as long as it takes."""
    await _poll(lambda: asyncio.to_thread(postgres.is_ready))


async def _poll(ready: Callable[[], Awaitable[bool]]) -> None:
    while not await ready():  # noqa: ASYNC110, another process has no event to wait for
        await asyncio.sleep(POLL_SECONDS)


def http_healthy(host: str, port: int) -> bool:
    """Whether GET /health answers 200 now. No proxy is asked."""
    connection = http.client.HTTPConnection(host, port, timeout=ANSWER_SECONDS)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
