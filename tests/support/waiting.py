"""Waiting for what another process will do, in a coroutine or not."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

SECONDS_BETWEEN = 0.05
Answer = TypeVar("Answer")


async def until(condition: Callable[[], Awaitable[Any]], seconds: float = 60) -> Any:
    """The first true answer of `condition`; TimeoutError when there is none in `seconds`."""
    async with asyncio.timeout(seconds):
        while not (answer := await condition()):
            await asyncio.sleep(SECONDS_BETWEEN)
        return answer


def wait_for(ask: Callable[[], Answer], good: Callable[[Answer], bool], seconds: float = 120) -> Answer:
    """Asks until the answer is good; fails, showing the last answer, when that takes far too long."""
    deadline = time.monotonic() + seconds
    while not good(answer := ask()):
        assert time.monotonic() < deadline, f"not reached: {answer}"
        time.sleep(SECONDS_BETWEEN)
    return answer
