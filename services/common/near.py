"""Words that are another one with a slip of the finger."""

from collections.abc import Iterable

SHORTEST = 4
# A slip in a short word gives too many other words, so that only one is forgiven there.
LONG = 6


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that is one or two letters away from `word`, the first of the nearest; None for a known one."""
    if len(word) < SHORTEST:
        return None
    best: tuple[int, str] | None = None
    for other in known:
        if len(other) < SHORTEST or abs(len(other) - len(word)) > 2:
            continue
        away = distance(word.lower(), other.lower())
        if word == other:
            return None
        if away <= (2 if min(len(word), len(other)) >= LONG else 1) and (best is None or away < best[0]):
            best = (away, other)
    return best[1] if best else None


def distance(left: str, right: str) -> int:
    """How many letters must be put in, left out, replaced, or swapped with the next one."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for place, letter in enumerate(left, start=1):
        before, above, row = row, before, [place]
        for other, wanted in enumerate(right, start=1):
            cost = min(before[other] + 1, row[other - 1] + 1, before[other - 1] + (letter != wanted))
            swapped = place > 1 and other > 1 and letter == right[other - 2] and left[place - 2] == wanted
            row.append(min(cost, above[other - 2] + 1) if swapped else cost)
    return row[-1]
