"""The sample photos, who plays which part: examples, newcomers of known kinds, strangers; and serving them by URL."""

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

EXAMPLES_PER_KIND = 3
KNOWN_KIND_PHOTOS = 6
SEED = 7


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo, whose folder says what it really shows."""

    path: Path
    kind: str

    @property
    def name(self) -> str:
        """`kind/file`, unique among the samples."""
        return f"{self.kind}/{self.path.name}"


@dataclass(frozen=True, kw_only=True)
class Cast:
    """The photos by their part in the play; `known` are the kinds that a person labels at first."""

    known: frozenset[str]
    examples: tuple[Photo, ...]
    first_round: tuple[Photo, ...]
    second_round: tuple[Photo, ...]


def load_photos(folder: Path) -> list[Photo]:
    """Every `<folder>/<kind>/*.jpg`."""
    return [Photo(path=path, kind=path.parent.name) for path in sorted(folder.glob("*/*.jpg"))]


def cast_photos(photos: Sequence[Photo]) -> Cast:
    """Deals the photos out, the same way every time.

    Kinds with enough photos are known: a few examples each. All others are strangers. Both rounds get half of the rest.
    """
    kinds: dict[str, list[Photo]] = defaultdict(list)
    for photo in photos:
        kinds[photo.kind].append(photo)
    examples: list[Photo] = []
    rounds: tuple[list[Photo], list[Photo]] = ([], [])
    dealer = random.Random(SEED)  # noqa: S311, dealing photos is no secret
    for members in kinds.values():
        dealer.shuffle(members)
        shown = EXAMPLES_PER_KIND if len(members) >= KNOWN_KIND_PHOTOS else 0
        examples += members[:shown]
        for number, photo in enumerate(members[shown:]):
            rounds[number % 2].append(photo)
    for newcomers in rounds:
        dealer.shuffle(newcomers)
    return Cast(
        known=frozenset(photo.kind for photo in examples),
        examples=tuple(examples),
        first_round=tuple(rounds[0]),
        second_round=tuple(rounds[1]),
    )


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """Serves an absolute folder on a free port of this machine; yields its url."""
    app = web.Application()
    app.router.add_static("/photos", folder)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}/photos"
    finally:
        await runner.cleanup()
