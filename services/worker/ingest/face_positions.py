"""Where faces lie, to tell two of one person apart: copies of one photo look the same, but stay where they are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.json.paths import value_at

Place = tuple[float, ...]
NOWHERE: Place = ()
SIDES = ("x1", "y1", "x2", "y2")


def place_of(fields: Mapping[str, Any]) -> Place:
    """Page or second, and the middle of the face; NOWHERE when the extractor was told not to keep it."""
    found = [value_at(fields, f"bbox.{side}") for side in SIDES]
    if not all(isinstance(side, int | float) for side in found):
        return NOWHERE
    x1, y1, x2, y2 = (float(side) for side in found)
    moment = fields.get("page_number", fields.get("timestamp", 0))
    return float(moment or 0), (x1 + x2) / 2, (y1 + y2) / 2


def by_place(new: Sequence[Place], earlier: Sequence[Place]) -> list[int]:
    """The earlier place of each new one, as many as there are: by how they lie to one another, whatever the scale."""
    ours, theirs = _shape(new), _shape(earlier)
    apart = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    found: dict[int, int] = {}
    for place, other in (divmod(int(at), len(earlier)) for at in np.argsort(apart, axis=None, kind="stable")):
        if place not in found and other not in found.values():
            found[place] = other
    return [found[place] for place in range(len(new))]


def _shape(places: Sequence[Place]) -> NDArray[np.float64]:
    """Positions around their middle, in units of their spread; on several pages the page alone counts."""
    every = np.array(places, dtype=np.float64)
    points = every[:, :1] if len(set(every[:, 0])) > 1 else every[:, 1:]
    centred: NDArray[np.float64] = points - points.mean(axis=0)
    return np.divide(centred, max(float(np.linalg.norm(centred)), 1e-9))
