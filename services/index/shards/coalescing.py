"""Work that many callers wait for, done once."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")
Item = TypeVar("Item", bound=Hashable)


class SingleFlight(Generic[Key, Value]):
    """Callers that ask for the same key at the same time share one run; it goes on when a caller gives up."""

    def __init__(self) -> None:
        self._tasks: dict[Key, asyncio.Task[Value]] = {}

    async def run(self, key: Key, work: Callable[[], Coroutine[None, None, Value]]) -> Value:
        """The result of the run in hand, or of a new one."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(work())
            self._tasks[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return await asyncio.shield(task)

    def _forget(self, key: Key, task: asyncio.Task[Value]) -> None:
        del self._tasks[key]
        retrieve(task)


class CombinedRuns(Generic[Item]):
    """Collects items while `work` is busy and hands all of them to its next run, which begins after they were given."""

    def __init__(self, work: Callable[[frozenset[Item]], Awaitable[None]]) -> None:
        self._work = work
        self._busy = asyncio.Lock()
        self._items: set[Item] = set()
        self._next: asyncio.Task[None] | None = None

    async def add(self, items: Iterable[Item]) -> None:
        """Returns when a run that began after this call has done `items`; raises what that run raises."""
        self._items.update(items)
        if self._next is None:
            self._next = asyncio.create_task(self._run())
            self._next.add_done_callback(retrieve)
        await asyncio.shield(self._next)

    async def _run(self) -> None:
        async with self._busy:
            items, self._items, self._next = frozenset(self._items), set(), None
            await self._work(items)


def retrieve(task: "asyncio.Task[Value]") -> None:
    """Marks a task's exception as seen: its callers got it, or none of them is left."""
    if not task.cancelled():
        task.exception()
