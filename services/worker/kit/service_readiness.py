"""Waiting for a service to be up before an attempt is spent on it."""

import asyncio

import grpc
import structlog

from services.common.grpc.client import is_serving
from services.worker.kit.job_retries import NotNowError

PROBE_SECONDS = 0.25
log = structlog.get_logger()


class ServiceReadiness:
    """Whether the service at the other end of a channel serves; whoever finds that it does not marks it as down."""

    def __init__(self, name: str, channel: grpc.aio.Channel) -> None:
        self.name = name
        self._channel = channel
        self._serving = asyncio.Event()
        self._prober: asyncio.Task[None] | None = None

    async def wait(self, seconds: float) -> None:
        """Returns when the service serves; raises NotNowError when it still does not after `seconds`."""
        if self._serving.is_set():
            return
        if self._prober is None:
            self._prober = asyncio.create_task(self._probe())
        try:
            await asyncio.wait_for(self._serving.wait(), seconds)
        except TimeoutError:
            raise NotNowError(f"The {self.name} does not serve.") from None

    def mark_down(self) -> None:
        """Says that a call found the service gone; it is asked for its health until it serves again."""
        self._serving.clear()

    async def _probe(self) -> None:
        log.info("waiting", service_needed=self.name)
        while not await is_serving(self._channel):  # noqa: ASYNC110 -- it is another process that has to change
            await asyncio.sleep(PROBE_SECONDS)
        self._prober = None
        self._serving.set()
        log.info("serving", service_needed=self.name)
