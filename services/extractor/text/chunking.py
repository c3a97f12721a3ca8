"""Pages of text into overlapping chunks, as the collection's parameters ask. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import TextParameters
from services.extractor.text.chunk_units import SPLITS

MOST_CHUNKS = 1000
MOST_CHARACTERS = 8_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """One document to be: the text, its place among the chunks from 0, and the page (from 1) on which it starts.

    All of a file stands on no page in particular.
    """

    text: str
    index: int
    total: int
    page: int | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What chunks count in, and the page that it stands on."""

    text: str
    page: int


def chunk(pages: Sequence[str], parameters: TextParameters) -> list[Chunk]:
    """Every chunk that is not blank; without overlap they hold the whole text, with it each repeats as many units.

    Raises InvalidArgumentError with reason TOO_MANY_CHUNKS or TEXT_TOO_LONG.
    """
    if parameters.split_by == "none":
        return [Chunk(text="".join(pages), index=0, total=1, page=None)]
    split = SPLITS[parameters.split_by]
    units = [Unit(text, number) for number, page in enumerate(pages, 1) for text in split(page, parameters.language)]
    windows = cover(len(units), parameters.chunk_size, parameters.chunk_overlap)
    _check(windows, units)
    texts = [("".join(unit.text for unit in units[start:end]), units[start].page) for start, end in windows]
    kept = [(text, page) for text, page in texts if not text.isspace()]
    return [Chunk(text=text, index=n, total=len(kept), page=page) for n, (text, page) in enumerate(kept)]


def cover(count: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """Windows (start, end) over `count` units: each of `size` units, the last perhaps shorter, `overlap` in common."""
    step = size - overlap
    starts = range(0, max(count - overlap, min(count, 1)), step)
    return [(start, min(start + size, count)) for start in starts]


def _check(windows: Sequence[tuple[int, int]], units: Sequence[Unit]) -> None:
    if len(windows) > MOST_CHUNKS:
        message = f"The text gives {len(windows)} chunks; at most {MOST_CHUNKS} are made. Use a larger chunk_size."
        raise InvalidArgumentError(message, reason="TOO_MANY_CHUNKS")
    lengths = list(accumulate((len(unit.text) for unit in units), initial=0))
    characters = sum(lengths[end] - lengths[start] for start, end in windows)
    if characters > MOST_CHARACTERS:
        message = f"The chunks hold {characters} characters; at most {MOST_CHARACTERS} fit. Use less chunk_overlap."
        raise InvalidArgumentError(message, reason="TEXT_TOO_LONG")
