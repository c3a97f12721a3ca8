"""Texts for benchmarks: sentences of this repository's own documents, about 100 words each, every one different."""

import random
import re

from tests.support.places import ROOT

SOURCES = sorted((ROOT / "docs").glob("*.md"))
WORDS = 100
SPREAD = 30


def texts(count: int) -> list[str]:
    """That many texts of 70 to 130 words, the same ones every time."""
    words = re.findall(r"[A-Za-z',.;:-]+", " ".join(file.read_text() for file in SOURCES))
    chance = random.Random(count)
    return [_text(words, chance) for _ in range(count)]


def _text(words: list[str], chance: random.Random) -> str:
    length = chance.randint(WORDS - SPREAD, WORDS + SPREAD)
    start = chance.randrange(len(words) - length)
    return " ".join([str(chance.randrange(1_000_000)), *words[start : start + length]])
