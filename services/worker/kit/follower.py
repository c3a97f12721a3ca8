"""What follows the events, each of them exactly once, whatever happens to the worker."""

from abc import ABC, abstractmethod
from typing import ClassVar

from services.common.database.pool import Connection, Pool
from services.worker.kit.event_follower import Window, has_news, next_window


class Follower(ABC):
    """Several workers take turns. What it makes of events is committed together with its place among them."""

    name: ClassVar[str]
    most_events: ClassVar[int] = 10_000

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def step(self) -> bool:
        """One window of events in one transaction; whether more are waiting already."""
        if not await has_news(self._pool, self.name):
            return False
        async with self._pool.acquire() as connection, connection.transaction():
            window = await next_window(connection, self.name, self.most_events)
            if not window.is_empty:
                await self.take(connection, window)
        return window.is_cut

    @abstractmethod
    async def take(self, connection: Connection, window: Window) -> None:
        """Does what the events of the window ask for; they are to be taken by `seq`."""
