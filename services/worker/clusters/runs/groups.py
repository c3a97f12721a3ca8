"""The groups and members that a run comes to, as they are stored. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.common.database.clusters.cluster_runs import NOISE, NOISE_ID, group_id
from services.worker.clusters.plan.outcome import ClusterOutcome

JsonObject = dict[str, Any]
MOST_REPRESENTATIVES = 20


@dataclass(frozen=True, kw_only=True)
class Group:
    """A group of a run; `centroids` are little-endian float32, one per feature, `place` is its middle in the picture.

    `representatives` are ids of documents, the nearest first. The `parent` of others has no members of its own.
    """

    number: int
    group_id: str
    member_count: int
    parent: int | None = None
    label: str | None = None
    label_source: str | None = None
    summary: str | None = None
    keywords: tuple[str, ...] = ()
    centroids: tuple[bytes, ...] = ()
    place: tuple[float, ...] = ()
    representatives: tuple[str, ...] = ()
    attributes: JsonObject = field(default_factory=dict)
    mean_cosine: float | None = None
    min_cosine: float | None = None


@dataclass(frozen=True, kw_only=True)
class Members:
    """Row i is document i: the number of its group, its distance (NaN for none), its place in the picture."""

    document_ids: Sequence[str]
    numbers: NDArray[np.int32]
    distances: NDArray[np.float32] | None = None
    places: NDArray[np.float32] | None = None

    def columns(self, rows: slice) -> tuple[list[Any], ...]:
        """Ids, numbers, distances, x, y and z of some of them, None where there is no value."""
        ids = list(self.document_ids[rows])
        nothing = [None] * len(ids)
        axes = [] if self.places is None else [_values(axis) for axis in self.places[rows].T]
        distances = nothing if self.distances is None else _values(self.distances[rows])
        return ids, self.numbers[rows].tolist(), distances, *axes, *([nothing] * (3 - len(axes)))

    def by_group(self) -> Mapping[int, list[str]]:
        """The ids of each group's members, by rising distance."""
        if not len(self.document_ids):
            return {}
        key = np.arange(len(self.numbers)) if self.distances is None else self.distances
        order = np.lexsort((key, self.numbers))
        numbers, starts = np.unique(self.numbers[order], return_index=True)
        parts = np.split(order, starts[1:])
        return {
            int(number): [self.document_ids[row] for row in part] for number, part in zip(numbers, parts, strict=True)
        }


def members_of(document_ids: Sequence[str], outcome: ClusterOutcome) -> Members:
    """The members that a clustering made."""
    return Members(
        document_ids=document_ids,
        numbers=outcome.assignments,
        distances=outcome.distances,
        places=outcome.coordinates,
    )


def groups_of(members: Members, outcome: ClusterOutcome) -> list[Group]:
    """The groups of a clustering, noise among them where there is some."""
    found = [_group(number, members, outcome) for number in range(outcome.num_clusters)]
    noise = int((members.numbers == NOISE).sum())
    return [*found, Group(number=NOISE, group_id=NOISE_ID, member_count=noise)] if noise else found


def _group(number: int, members: Members, outcome: ClusterOutcome) -> Group:
    inside = members.numbers == number
    cosines = 1.0 - outcome.distances[inside].astype(np.float64)
    return Group(
        number=number,
        group_id=group_id(number),
        member_count=int(inside.sum()),
        centroids=tuple(each[number].astype("<f4").tobytes() for each in outcome.centroids),
        place=() if members.places is None else tuple(members.places[inside].mean(axis=0).tolist()),
        representatives=tuple(
            members.document_ids[row] for row in outcome.representatives[number][:MOST_REPRESENTATIVES]
        ),
        mean_cosine=_finite(cosines.mean()) if cosines.size else None,
        min_cosine=_finite(cosines.min()) if cosines.size else None,
    )


def _values(column: NDArray[np.floating]) -> list[float | None]:
    return [value if np.isfinite(value) else None for value in column.tolist()]


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
