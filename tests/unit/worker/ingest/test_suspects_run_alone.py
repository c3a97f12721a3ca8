"""Ordinary work is shared; a suspect is alone."""

import asyncio
import random

from services.worker.ingest.suspects_run_alone import SuspectLock


class Room:
    """Notes who is inside, and whether a suspect ever had company."""

    def __init__(self) -> None:
        self.turns = SuspectLock()
        self.inside: list[str] = []
        self.most = 0
        self.disturbed = False

    async def visit(self, kind: str, steps: int) -> None:
        """Stays inside for so many turns of the loop."""
        async with self.turns.alone() if kind == "suspect" else self.turns.shared():
            self.inside.append(kind)
            for _ in range(steps):
                self.most = max(self.most, len(self.inside))
                self.disturbed |= "suspect" in self.inside and len(self.inside) > 1
                await asyncio.sleep(0)
            self.inside.remove(kind)


async def test_ordinary_work_goes_on_together() -> None:
    room = Room()
    await asyncio.gather(*(room.visit("ordinary", 3) for _ in range(10)))
    assert room.most == 10


async def test_a_suspect_never_has_company() -> None:
    choose = random.Random(7)
    room = Room()
    kinds = ["suspect" if choose.random() < 0.2 else "ordinary" for _ in range(200)]
    async with asyncio.timeout(30):
        await asyncio.gather(*(room.visit(kind, choose.randrange(5)) for kind in kinds))
    assert not room.disturbed
    assert room.most > 1


async def test_a_visitor_who_fails_or_is_cancelled_leaves_the_room_free() -> None:
    room = Room()
    visits = [asyncio.create_task(room.visit(kind, 50)) for kind in ("ordinary", "suspect", "suspect", "ordinary")]
    for visit in visits:
        await asyncio.sleep(0)
        visit.cancel()
    await asyncio.gather(*visits, return_exceptions=True)
    async with asyncio.timeout(5):
        await room.visit("suspect", 1)
        await room.visit("ordinary", 1)
