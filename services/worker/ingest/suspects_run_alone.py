"""Who may be at the extractor: many at once, or one suspect alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class SuspectLock:
    """A lock that is shared by ordinary work and held alone by a suspect; suspects go first.

    When the extractor dies under a suspect that is alone, it was the suspect's doing, and no neighbour loses an
    attempt by it.
    """

    def __init__(self) -> None:
        self._changed = asyncio.Condition()
        self._sharing = 0
        self._suspects = 0
        self._alone = False

    @asynccontextmanager
    async def shared(self) -> AsyncIterator[None]:
        """Waits while a suspect is, or wants to be, alone."""
        async with self._changed:
            await self._changed.wait_for(lambda: not self._suspects)
            self._sharing += 1
        try:
            yield
        finally:
            self._sharing -= 1
            await self._announce()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Waits until nobody else is at work."""
        self._suspects += 1
        try:
            async with self._changed:
                await self._changed.wait_for(lambda: not self._sharing and not self._alone)
                self._alone = True
            try:
                yield
            finally:
                self._alone = False
        finally:
            self._suspects -= 1
            await self._announce()

    async def _announce(self) -> None:
        if self._suspects or not self._sharing:
            async with self._changed:
                self._changed.notify_all()
