"""What the worker does again and again beside its jobs."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from services.common.errors import UnavailableError
from services.worker.kit.database_outages import is_outage

AFTER_FAULT_SECONDS = 2.0
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Loop:
    """A step to repeat: at once while it says that there may be more, else after `seconds`."""

    name: str
    step: Callable[[], Awaitable[bool]]
    seconds: float


async def run_loops(*loops: Loop) -> None:
    """Runs them side by side until cancelled; a step that fails is logged and tried again."""
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(_repeat(loop))


async def _repeat(loop: Loop) -> None:
    while True:
        pause = await _step(loop)
        await asyncio.sleep(pause)


async def _step(loop: Loop) -> float:
    try:
        return 0.0 if await loop.step() else loop.seconds
    except Exception as error:  # a loop that ends is a service that stops working and does not say so
        if not (is_outage(error) or isinstance(error, UnavailableError)):
            log.exception("loop", loop=loop.name)
        return max(loop.seconds, AFTER_FAULT_SECONDS)
