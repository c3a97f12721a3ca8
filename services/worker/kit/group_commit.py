"""Group commit for anything: items that arrive while a flush runs, or shortly before, are flushed together."""

import asyncio
import contextlib
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Flush = Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]


class GroupCommit(Generic[Item, Result]):
    """Turns many `submit(item)` into few `flush(items)`, at most `size` at a time, in order of arrival.

    A batch that is not full waits `linger()` seconds for company. A batch that fails is tried again item by item, so
    that one bad item does not fail the others.
    """

    def __init__(self, flush: Flush[Item, Result], *, size: int, linger: Callable[[], float]) -> None:
        self._flush = flush
        self._size = size
        self._linger = linger
        self._waiting: list[tuple[Item, asyncio.Future[Result]]] = []
        self._full = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        # A batch belongs to no request: it must not log under the id of whoever came first.
        self._context = contextvars.copy_context()

    async def submit(self, item: Item) -> Result:
        """The result for `item`, or the error that its flush raised."""
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if len(self._waiting) >= self._size:
            self._full.set()
        if self._runner is None:
            self._runner = asyncio.create_task(self._run(), context=self._context)
        return await future

    async def _run(self) -> None:
        while self._waiting:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._full.wait(), self._linger())
            batch, self._waiting = self._waiting[: self._size], self._waiting[self._size :]
            if len(self._waiting) < self._size:
                self._full.clear()
            await self._settle(batch)
        self._runner = None

    async def _settle(self, batch: list[tuple[Item, asyncio.Future[Result]]]) -> None:
        try:
            results = await self._flush([item for item, _ in batch])
        except Exception as error:
            if len(batch) > 1:
                await asyncio.gather(*(self._settle([entry]) for entry in batch))
            elif not batch[0][1].done():
                batch[0][1].set_exception(error)
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)
