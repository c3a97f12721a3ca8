"""Labels told apart: within one run no two groups bear the same. Pure."""

from collections.abc import Iterable, Sequence
from itertools import count

LONGEST = 200


def told_apart(labels: Sequence[str], taken: Iterable[str] = ()) -> list[str]:
    """The labels in their order; one that was there before, in whatever case, gets a number behind it."""
    seen = {_key(label) for label in taken}
    found: list[str] = []
    for label in labels:
        new = label if _key(label) not in seen else _numbered(label, seen)
        seen.add(_key(new))
        found.append(new)
    return found


def doubled(labels: Sequence[str]) -> list[int]:
    """Places of the labels that another has already before them."""
    seen: set[str] = set()
    places = []
    for place, label in enumerate(labels):
        if _key(label) in seen:
            places.append(place)
        seen.add(_key(label))
    return places


def _key(label: str) -> str:
    return " ".join(label.casefold().split())


def _numbered(label: str, seen: set[str]) -> str:
    for number in count(2):
        new = f"{label[: LONGEST - 8].rstrip()} {number}"
        if _key(new) not in seen:
            return new
    raise AssertionError
