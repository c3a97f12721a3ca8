"""Waiting for several things at once, without the cost of a task where there is only one."""

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TypeVar

Result = TypeVar("Result")


async def gather_all(works: Iterable[Coroutine[None, None, Result]]) -> list[Result]:
    """The results in order; the first error is raised."""
    listed = list(works)
    return [await listed[0]] if len(listed) == 1 else list(await asyncio.gather(*listed))
