"""A real index server on a unix socket: in this process, or in one of its own that can be killed."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import grpc

from likeness.index.v1.index_service_pb2_grpc import IndexServiceStub
from services.common.grpc.client import is_serving, open_channel
from services.common.settings import Settings
from services.index.main import serve

if TYPE_CHECKING:
    from likeness.index.v1.index_service_pb2_grpc import IndexServiceAsyncStub


@asynccontextmanager
async def index_here(settings: Settings) -> AsyncIterator["IndexServiceAsyncStub"]:
    """Serves in this process until the block ends, then stops as SIGTERM would."""
    with socket_address() as address:
        stop = asyncio.Event()
        task = asyncio.create_task(serve(settings.model_copy(update={"index_address": address}), stop))
        channel = open_channel(address)
        try:
            await _until_serving(channel, task)
            yield IndexServiceStub(channel)
        finally:
            await channel.close()
            stop.set()
            await task


class IndexProcess:
    """`python -m services.index.main` as a process of its own."""

    def __init__(self, settings: Settings, address: str) -> None:
        self._environment = {
            "LIKENESS_DATABASE_URL": settings.database_url,
            "LIKENESS_DATA_DIR": str(settings.data_dir),
            "LIKENESS_INDEX_ADDRESS": address,
            "LIKENESS_INDEX_SNAPSHOT_SECONDS": str(settings.index_snapshot_seconds),
            "LIKENESS_INDEX_EXACT_LIMIT": str(settings.index_exact_limit),
        }
        self._address = address
        self._process: asyncio.subprocess.Process | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["IndexServiceAsyncStub"]:
        """Starts it, waits until it serves, and ends it with SIGTERM unless it was killed."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "services.index.main", env={**os.environ, **self._environment}
        )
        channel = open_channel(self._address)
        try:
            await _until_serving(channel, asyncio.create_task(self._process.wait()))
            yield IndexServiceStub(channel)
        finally:
            await channel.close()
            await self.end(signal.SIGTERM)

    async def end(self, number: signal.Signals) -> int:
        """Sends a signal, unless the process has ended, and waits for the end; returns the exit status."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(number)
        return await self._process.wait()


@contextmanager
def socket_address() -> Iterator[str]:
    """The address of a socket that is not there yet, with a path short enough for one."""
    with tempfile.TemporaryDirectory(prefix="lkix") as folder:
        yield f"unix:{folder}/index.sock"


async def _until_serving(channel: grpc.aio.Channel, running: "asyncio.Task[None] | asyncio.Task[int]") -> None:
    while not await is_serving(channel):
        assert not running.done(), "the index ended before it served"
        await asyncio.sleep(0.02)
