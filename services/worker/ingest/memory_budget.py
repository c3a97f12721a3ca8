"""How many bytes are in hand at once: a few videos weigh as much as hundreds of pictures."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.common.row_types import Blob
from services.worker.ingest.input_choice import Address, Chosen, Words

# What a file weighs that was not fetched yet: a picture, most likely.
GUESS_BYTES = 4_000_000
HEAVY = frozenset({"video", "audio", "pdf"})


class Budget:
    """A bound on the sum of weights that are held at once; whoever came first is served first."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._held = 0
        self._line = asyncio.Lock()
        self._returned = asyncio.Event()

    @asynccontextmanager
    async def hold(self, weight: int) -> AsyncIterator[None]:
        """Waits until there is room. What weighs more than everything is held alone."""
        weight = min(weight, self._total)
        async with self._line:
            while self._held + weight > self._total:
                self._returned.clear()
                await self._returned.wait()
            self._held += weight
        try:
            yield
        finally:
            self._held -= weight
            self._returned.set()


def weight_of(chosen: Chosen, most: int) -> int:
    """Bytes that an input has, or may have; `most` is what a file may have at all."""
    match chosen:
        case Words(text):
            return len(text)
        case Blob(size_bytes=int(size)):
            return size
        case Blob(type=kind):
            return most if kind in HEAVY else GUESS_BYTES
        case Address():
            return GUESS_BYTES
