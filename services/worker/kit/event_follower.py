"""Following the events without losing one that commits late, each exactly once per follower.

A window holds every event of the transactions between two positions, below which nothing is still running. Within a
window, events are to be taken by `seq`: it is handed out while the subject is locked, so it is the order of each
subject's changes, which the order of transaction ids is not.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from services.common.database.pool import Connection, Executor, Pool

# All of what one transaction wrote stays together, so a window may hold more than was asked for.
END = """
    UPDATE event_followers SET updated_at = now(), position = greatest(position, least(
      pg_snapshot_xmin(pg_current_snapshot()),
      (SELECT (xid::text::numeric + 1)::text::xid8 FROM events WHERE xid >= position ORDER BY xid, seq
       OFFSET $2::bigint - 1 LIMIT 1)))
    WHERE follower = $1 RETURNING position::text, position < pg_snapshot_xmin(pg_current_snapshot()) AS is_cut"""
UNBOUNDED = 2**62


@dataclass(frozen=True, kw_only=True)
class Window:
    """Events with `start <= xid < end`, transaction ids as PostgreSQL's text of an xid8.

    `is_cut` when there were more than had been asked for.
    """

    start: str
    end: str
    is_cut: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether no transaction can have ended since the window before."""
        return self.start == self.end


async def has_news(connection: Executor, follower: str) -> bool:
    """Whether there are events that `follower` has not seen; a question that costs next to nothing."""
    found: bool = await connection.fetchval(
        """SELECT EXISTS (SELECT FROM events WHERE xid >=
             coalesce((SELECT position FROM event_followers WHERE follower = $1), '0'))""",
        follower,
    )
    return found


async def next_window(connection: Connection, follower: str, most: int = UNBOUNDED) -> Window:
    """What `follower` has not seen yet, about `most` events of it, marked as seen in the caller's transaction.

    A second worker waits here until the first has committed. A new follower begins with the oldest event.
    """
    await connection.execute(
        "INSERT INTO event_followers (follower, position) VALUES ($1, '0') ON CONFLICT DO NOTHING", follower
    )
    start: str = await connection.fetchval(
        "SELECT position::text FROM event_followers WHERE follower = $1 FOR UPDATE", follower
    )
    moved = await connection.fetchrow(END, follower, most)
    assert moved is not None
    return Window(start=start, end=moved["position"], is_cut=moved["is_cut"])


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
