"""Divides rows into splits: by shares, label by label, the same row always on the same side, copies together. Pure."""

import hashlib
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import accumulate

SLACK = 1e-9


class Groups:
    """Rows that must stay together (union-find)."""

    def __init__(self, count: int) -> None:
        self._above = list(range(count))

    def join(self, one: int, other: int) -> None:
        """Keeps two rows, and whoever is with them, together."""
        self._above[self.of(max(one, other))] = self.of(min(one, other))

    def join_equal(self, keys: Iterable[Hashable | None]) -> None:
        """Keeps the rows of each key together; None is no key."""
        first: dict[Hashable, int] = {}
        for place, key in enumerate(keys):
            if key is not None and (with_it := first.setdefault(key, place)) != place:
                self.join(with_it, place)

    def of(self, place: int) -> int:
        """The row that stands for the group of a row."""
        above = self._above
        while above[place] != place:
            above[place] = above[above[place]]
            place = above[place]
        return place


def divide(contents: Sequence[str], labels: Sequence[str], groups: Groups, shares: Mapping[str, float]) -> list[str]:
    """The split of each row. `contents` are digests: they alone decide the order, so that a set divides as before.

    Within each label, groups are laid out by digest and cut by the shares; a group counts for its commonest label.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for place in range(len(contents)):
        members[groups.of(place)].append(place)
    by_label: dict[str, list[list[int]]] = defaultdict(list)
    for rows in members.values():
        by_label[_commonest(labels[row] for row in rows)].append(rows)
    found = [""] * len(contents)
    for of_label in by_label.values():
        of_label.sort(key=lambda rows: min(_order(contents[row]) for row in rows))
        for rows, split in zip(of_label, _cut([len(rows) for rows in of_label], shares), strict=True):
            for row in rows:
                found[row] = split
    return found


def _commonest(labels: Iterable[str]) -> str:
    counts = Counter(labels)
    return min(counts, key=lambda label: (-counts[label], label))


def _order(content: str) -> str:
    """Digests are spread anew, so that the order is nobody's choice."""
    return hashlib.sha256(f"likeness split {content}".encode()).hexdigest()


def _cut(sizes: Sequence[int], shares: Mapping[str, float]) -> list[str]:
    """A split for each group in turn: the one whose share of all rows the middle of the group lies in."""
    total, before = sum(sizes), 0
    ends = list(accumulate(shares.values()))
    names, found = list(shares), []
    for size in sizes:
        middle = (before + size / 2) / total
        found.append(names[min(bisect_right(ends, middle + SLACK), len(names) - 1)])
        before += size
    return found
