"""Few calls instead of many: items of one kind that arrive together travel together, and calls run side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(eq=False)
class JointCall(Generic[Item, Result]):
    """Items that wait for each other, and the results that they will share."""

    results: asyncio.Future[Sequence[Result]]
    items: list[Item] = field(default_factory=list)


class JointCalls(Generic[Item, Result]):
    """Calls `send(items)` with at most `size` items of one key, `linger` seconds after the first of them came."""

    def __init__(self, send: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]], size: int, linger: float) -> None:
        self._send = send
        self._size = size
        self._linger = linger
        self._open: dict[Hashable, JointCall[Item, Result]] = {}

    async def submit(self, key: Hashable, item: Item) -> Result:
        """The result for `item`, or the error of the call that it travelled with."""
        group = self._open.get(key) or self._start(key)
        group.items.append(item)
        position = len(group.items) - 1
        if len(group.items) == self._size:
            self._close(key, group)
        return (await asyncio.shield(group.results))[position]

    def _start(self, key: Hashable) -> JointCall[Item, Result]:
        loop = asyncio.get_running_loop()
        group = self._open[key] = JointCall[Item, Result](loop.create_future())
        loop.call_later(self._linger, self._close, key, group)
        return group

    def _close(self, key: Hashable, group: JointCall[Item, Result]) -> None:
        if self._open.get(key) is group:
            del self._open[key]
            task = asyncio.ensure_future(self._send(group.items))
            task.add_done_callback(lambda done: _settle(group.results, done))


def _settle(results: asyncio.Future[Sequence[Result]], done: asyncio.Future[Sequence[Result]]) -> None:
    error = asyncio.CancelledError() if done.cancelled() else done.exception()
    if error is None:
        results.set_result(done.result())
    else:
        results.set_exception(error)
        results.exception()  # nobody may be waiting any more
