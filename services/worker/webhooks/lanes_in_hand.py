"""What a worker has in hand: its lanes, how many may be sent at once, and places that are to be left alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from services.worker.webhooks.claim_lanes import Room
from services.worker.webhooks.delivery_types import Claim, Lane, Place


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much one worker does at once: lanes that it has, and requests under way; each in all and at one place.

    Lanes of receivers that fail have `doubtful_lanes` of them at most, and it takes 20 receivers that begin to hang at
    once to fill the rest: others find room.
    """

    lanes: int = 1024
    doubtful_lanes: int = 128
    lanes_at_place: int = 48
    sends: int = 256
    sends_at_place: int = 8
    run_seconds: float = 20.0


class Running:
    """The lanes in hand. Not for threads."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._claims: dict[Lane, Claim] = {}
        self._all = asyncio.Semaphore(bounds.sends)
        self._at_place: dict[Place, asyncio.Semaphore] = {}
        self._failures: Counter[Place] = Counter()
        self._held: set[Place] = set()

    @property
    def lanes(self) -> Collection[Lane]:
        """The lanes in hand."""
        return list(self._claims)

    def room(self) -> Room:
        """What more may be claimed."""
        taken = Counter(lane.place for lane in self._claims)
        taken.update(dict.fromkeys(self._held, self._bounds.lanes_at_place))
        doubtful = sum(claim.is_doubtful for claim in self._claims.values())
        return Room(
            lanes=self._bounds.lanes - len(self._claims),
            doubtful=max(0, self._bounds.doubtful_lanes - doubtful),
            at_place=self._bounds.lanes_at_place,
            taken=taken,
        )

    def add(self, claim: Claim) -> bool:
        """Takes the lane in hand, unless it is already: a lease can run out while the database is away."""
        if claim.lane in self._claims:
            return False
        self._claims[claim.lane] = claim
        self._at_place.setdefault(claim.lane.place, asyncio.Semaphore(self._bounds.sends_at_place))
        return True

    def remove(self, lane: Lane) -> None:
        """Lets go of the lane."""
        del self._claims[lane]
        if all(other.place != lane.place for other in self._claims):
            del self._at_place[lane.place]
            self._failures.pop(lane.place, None)

    @asynccontextmanager
    async def turn(self, lane: Lane) -> AsyncIterator[None]:
        """Waits until one more request may be under way."""
        async with self._at_place[lane.place], self._all:
            yield

    def hold(self, place: Place) -> None:
        """Sends nothing more to the place until `unhold`, when the database knows that it is to be left alone."""
        self._held.add(place)
        self.halt({place.receiver}, place)

    def unhold(self, places: Iterable[Place]) -> None:
        """Leaves it to the database when the places are due."""
        self._held.difference_update(places)

    def halt(self, receivers: Collection[str], place: Place | None = None) -> None:
        """Has the lanes of these receivers, or of the one place, given back before their next delivery."""
        for lane, claim in self._claims.items():
            if lane.place.receiver in receivers and place in (None, lane.place):
                claim.is_halted = True

    def count(self, place: Place, *, failed: bool, most: int) -> None:
        """Halts the lanes of a place that failed `most` times in a row."""
        self._failures[place] = self._failures[place] + 1 if failed else 0
        if self._failures[place] >= most:
            self.halt({place.receiver}, place)
