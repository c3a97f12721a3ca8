"""Which part of a new run is which part of an earlier one: a label that a person gave must not jump to another face."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import count

import numpy as np
from numpy.typing import NDArray

# Two looks at one face of one picture score above 0.95, and two people far below 0.6.
SAME = 0.9


def number_parts(new: Sequence[bytes], earlier: Mapping[int, bytes]) -> list[int]:
    """The number of each new part: that of the earlier part which it is, else one that was never given.

    Vectors are float16 of unit norm. A part whose vector is of another length than the earlier ones (such as b"", for
    none) is known by its place. The best pairs are made first, of equal ones those that keep their place.
    """
    taken = _pairs(new, earlier)
    free = (number for number in count() if number not in earlier)
    return [taken[place] if place in taken else next(free) for place in range(len(new))]


def _pairs(new: Sequence[bytes], earlier: Mapping[int, bytes]) -> dict[int, int]:
    """Place of a new part -> number of the earlier one."""
    if not (new and earlier):
        return {}
    if len({len(vector) for vector in (*new, *earlier.values())}) != 1 or not new[0]:
        return {place: place for place, vector in enumerate(new) if len(earlier.get(place, b"?")) == len(vector)}
    likeness = np.round(_matrix(new) @ _matrix(earlier.values()).T, 3)
    numbers = list(earlier)
    found = sorted(
        (-float(likeness[place, column]), place != numbers[column], int(place), numbers[column])
        for place, column in np.argwhere(likeness >= SAME)
    )
    pairs: dict[int, int] = {}
    given: set[int] = set()
    for _, _, place, number in found:
        if place not in pairs and number not in given:
            pairs[place] = number
            given.add(number)
    return pairs


def _matrix(vectors: Iterable[bytes]) -> NDArray[np.float32]:
    return np.stack([np.frombuffer(vector, dtype="<f2") for vector in vectors]).astype(np.float32)
