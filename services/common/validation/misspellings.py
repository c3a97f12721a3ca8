"""Words that are another one with a slip of the finger."""

from collections.abc import Iterable

from rapidfuzz.distance import OSA

SHORTEST = 4
# A slip in a short word gives too many other words, so that only one is forgiven there.
LONG = 6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is one or two letters away from `word`, the first of the nearest; None for a known one.

    Two letters that were swapped are one slip (optimal string alignment).
    """
    if len(word) < SHORTEST:
        return None
    others = list(known)
    if word in others:
        return None
    slips = {other: _slips(word, other) for other in others if len(other) >= SHORTEST}
    near = {other: count for other, count in slips.items() if count <= _forgiven(word, other)}
    return min(near, key=lambda other: near[other], default=None)


def _slips(word: str, other: str) -> int:
    return int(OSA.distance(word.lower(), other.lower(), score_cutoff=2))


def _forgiven(word: str, other: str) -> int:
    return 2 if min(len(word), len(other)) >= LONG else 1
