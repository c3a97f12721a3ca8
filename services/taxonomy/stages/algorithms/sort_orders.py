"""Sorting by a field, by relevance, and putting scores on one scale."""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from services.common.json.instants import moment_of
from services.taxonomy.candidate_paths import value_of
from services.taxonomy.domain import Arranged, Candidate, Candidates
from services.taxonomy.stages.algorithms.json_keys import Key, is_number, sort_key

MISSING = ("bottom", "top", "preserve")


@dataclass(frozen=True, slots=True, kw_only=True)
class ByField:
    """Sorts by a field; equal ones keep their order. `times` are the collections in which it is declared as a time."""

    field: str
    descending: bool
    nulls_last: bool
    times: frozenset[str] = frozenset()

    def __call__(self, found: Candidates) -> Arranged:
        """Sorts one list."""
        valued, missing = _split(found, lambda candidate: value_of(candidate, self.field) is not None)
        ordered = sorted(valued, key=self._key, reverse=self.descending)
        nulls_first = not self.nulls_last and not self.descending
        return Arranged(candidates=(*missing, *ordered) if nulls_first else (*ordered, *missing))

    def _key(self, candidate: Candidate) -> Key:
        value = value_of(candidate, self.field)
        moment = moment_of(value) if candidate.collection_id in self.times else None
        return sort_key(value if moment is None else moment.isoformat(timespec="microseconds"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ByRelevance:
    """Sorts by a score; `missing` says where candidates without one stand."""

    field: str
    descending: bool
    missing: str

    def __call__(self, found: Candidates) -> Arranged:
        """Sorts one list."""
        scored, missing = _split(found, lambda candidate: is_number(value_of(candidate, self.field)))
        ordered = sorted(scored, key=lambda c: float(value_of(c, self.field)), reverse=self.descending)
        if self.missing == "top":
            return Arranged(candidates=(*missing, *ordered))
        if self.missing == "bottom":
            return Arranged(candidates=(*ordered, *missing))
        following = iter(ordered)
        scored_ids = {id(candidate) for candidate in scored}
        return Arranged(candidates=tuple(next(following) if id(c) in scored_ids else c for c in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Normalize:
    """Puts the scores of a list on one scale; the order stays."""

    method: str

    def __call__(self, found: Candidates) -> Arranged:
        """Rescales one list."""
        scores = SCALES[self.method]([candidate.score for candidate in found]) if found else []
        return Arranged(candidates=tuple(replace(c, score=score) for c, score in zip(found, scores, strict=True)))


def _min_max(scores: Sequence[float]) -> list[float]:
    low, high = min(scores), max(scores)
    return [(score - low) / (high - low) if high > low else 1.0 for score in scores]


def _z_score(scores: Sequence[float]) -> list[float]:
    mean, deviation = statistics.fmean(scores), statistics.pstdev(scores)
    return [(score - mean) / deviation if deviation else 0.0 for score in scores]


def _softmax(scores: Sequence[float]) -> list[float]:
    powers = [math.exp(score - max(scores)) for score in scores]
    total = math.fsum(powers)
    return [power / total for power in powers]


def _unit_length(scores: Sequence[float]) -> list[float]:
    length = math.hypot(*scores)
    return [score / length if length else 0.0 for score in scores]


SCALES: Mapping[str, Callable[[Sequence[float]], list[float]]] = {
    "min_max": _min_max,
    "z_score": _z_score,
    "softmax": _softmax,
    "l2": _unit_length,
}


def _split(found: Candidates, holds: Callable[[Candidate], bool]) -> tuple[list[Candidate], list[Candidate]]:
    passing: list[Candidate] = []
    failing: list[Candidate] = []
    for candidate in found:
        (passing if holds(candidate) else failing).append(candidate)
    return passing, failing
