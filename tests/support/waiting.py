"""Waiting for what another process will do."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

SECONDS_BETWEEN = 0.05


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """The first true answer of `condition`; TimeoutError when there is none in `seconds`."""
    async with asyncio.timeout(seconds):
        while not (answer := await condition()):
            await asyncio.sleep(SECONDS_BETWEEN)
        return answer
