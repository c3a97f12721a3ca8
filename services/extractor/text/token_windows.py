"""A text that is longer than what a network reads at once, cut into windows of tokens. Pure."""

from collections.abc import Sequence
from itertools import pairwise

# Some 12,000 words of English for a network of 256 tokens.
MOST_WINDOWS = 64


def cut(count: int, size: int) -> list[tuple[int, int]]:
    """(start, end) of as few windows as cover `count` tokens, at most `size` each and all of nearly one length.

    At most MOST_WINDOWS: what comes after them is not covered.
    """
    covered = min(count, MOST_WINDOWS * size)
    windows = max(1, -(-covered // size))
    bounds = [covered * number // windows for number in range(windows + 1)]
    return list(pairwise(bounds))


def weights(known: Sequence[bool], windows: Sequence[tuple[int, int]]) -> tuple[float, ...]:
    """How much each window counts: as many tokens as are known in it; all of them where none is."""
    counts = [sum(known[start:end]) for start, end in windows]
    return tuple(map(float, counts if any(counts) else (end - start for start, end in windows)))
