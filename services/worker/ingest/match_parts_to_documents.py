"""Which part of a new run is which part of an earlier one: a label that a person gave must not jump to another face."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from services.worker.ingest.face_positions import NOWHERE, Place, by_place

# Where a model does not say from which likeness on two looks are at one thing.
UNKNOWN_MODEL = 0.9
# By how much a part must be more like the one that it is than any other thing.
APART = 0.1
Likeness = NDArray[np.float32]


def number_parts(
    new: Sequence[bytes],
    earlier: Mapping[int, bytes],
    same_from: float,
    places: Sequence[Place] = (),
    earlier_places: Mapping[int, Place] = MappingProxyType({}),
) -> list[int]:
    """The number of each new part: that of the earlier part which it is, else one that was never given.

    Vectors are float16 of unit norm. Two that score `same_from` may be of one thing. A part whose vector is of another
    length than the earlier ones (such as b"", for none) is known by its place. The best pairs are made first, of equal
    ones those that keep their place; a part that is nearly as much like another thing is none of them.
    Where several are of one thing, and nearly as much like each other, they are told apart by how they lie.
    """
    taken = _pairs(new, earlier, same_from)
    for group in _copies(taken, earlier, same_from):
        ours = [places[place] if places else NOWHERE for place in group]
        theirs = [earlier_places.get(number, NOWHERE) for number in group.values()]
        if all(ours) and all(theirs):
            taken |= _by_place(group, by_place(ours, theirs), new, earlier)
    free = (number for number in count() if number not in earlier)
    return [taken[place] if place in taken else next(free) for place in range(len(new))]


def _pairs(new: Sequence[bytes], earlier: Mapping[int, bytes], same_from: float) -> dict[int, int]:
    """Place of a new part -> number of the earlier one."""
    if not (new and earlier):
        return {}
    if len({len(vector) for vector in (*new, *earlier.values())}) != 1 or not new[0]:
        return {place: place for place, vector in enumerate(new) if len(earlier.get(place, b"?")) == len(vector)}
    ours, theirs = _matrix(new), _matrix(earlier.values())
    likeness = np.round(ours @ theirs.T, 3)
    not_theirs, not_ours = theirs @ theirs.T < same_from, ours @ ours.T < same_from
    numbers = list(earlier)
    found = sorted(
        (-float(likeness[place, column]), place != numbers[column], int(place), numbers[column])
        for place, column in np.argwhere(likeness >= same_from)
        if _stands_out(likeness[place], column, not_theirs) and _stands_out(likeness[:, column], place, not_ours)
    )
    pairs: dict[int, int] = {}
    given: set[int] = set()
    for _, _, place, number in found:
        if place not in pairs and number not in given:
            pairs[place] = number
            given.add(number)
    return pairs


def _copies(taken: Mapping[int, int], earlier: Mapping[int, bytes], same_from: float) -> list[dict[int, int]]:
    """Those pairs whose earlier parts are of one thing, for each thing that there are several parts of."""
    groups: list[dict[int, int]] = []
    for place, number in taken.items():
        for group in groups:
            if earlier[number] and _alike(earlier[number], earlier[next(iter(group.values()))]) >= same_from:
                group[place] = number
                break
        else:
            groups.append({place: number})
    return [group for group in groups if len(group) > 1]


def _by_place(
    group: Mapping[int, int], order: Sequence[int], new: Sequence[bytes], earlier: Mapping[int, bytes]
) -> dict[int, int]:
    """The pairs as they lie, unless the vectors clearly say otherwise."""
    numbers = list(group.values())
    lying = {place: numbers[other] for place, other in zip(group, order, strict=True)}
    clear = len(group) * APART
    return lying if _total(lying, new, earlier) >= _total(group, new, earlier) - clear else dict(group)


def _total(pairs: Mapping[int, int], new: Sequence[bytes], earlier: Mapping[int, bytes]) -> float:
    return sum(_alike(new[place], earlier[number]) for place, number in pairs.items())


def _alike(one: bytes, other: bytes) -> float:
    first, second = _matrix([one, other])
    return float(first @ second)


def _stands_out(likeness: Likeness, best: np.intp, others: NDArray[np.bool_]) -> bool:
    """Whether it is clearly more like one thing than like any other; `others` tells things apart."""
    return bool(likeness[best] >= np.max(likeness[others[best]], initial=-1.0) + APART)


def _matrix(vectors: Iterable[bytes]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(vector, dtype="<f2") for vector in vectors]).astype(np.float32)
