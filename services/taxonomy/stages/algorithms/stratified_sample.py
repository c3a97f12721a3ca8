"""Samples: at random, or with each value of a field in its share."""

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass

from services.taxonomy.domain import Arranged, Candidates
from services.taxonomy.stages.algorithms.json_keys import group_key

STRATEGIES = ("random", "stratified", "reservoir")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Draws `count` candidates; the best `preserve` are always among them, and their order stays."""

    count: int
    stratify_by: str
    min_per_stratum: int
    seed: int | None
    preserve: int

    def __call__(self, found: Candidates) -> Arranged:
        """Draws from one list; the same seed draws the same."""
        if len(found) <= self.count:
            return Arranged(candidates=found)
        dice = random.Random(self.seed)  # noqa: S311
        preserved = min(self.preserve, self.count)
        rest = range(preserved, len(found))
        wanted = self.count - preserved
        drawn = self._stratified(found, rest, wanted, dice) if self.stratify_by else dice.sample(rest, wanted)
        return Arranged(candidates=tuple(found[n] for n in [*range(preserved), *sorted(drawn)]))

    def _stratified(self, found: Candidates, rest: Sequence[int], wanted: int, dice: random.Random) -> list[int]:
        strata: dict[str, list[int]] = {}
        for number in rest:
            strata.setdefault(group_key(found[number], [self.stratify_by]), []).append(number)
        quotas = shares([len(members) for members in strata.values()], wanted, self.min_per_stratum)
        return [n for members, quota in zip(strata.values(), quotas, strict=True) for n in dice.sample(members, quota)]


def shares(sizes: Sequence[int], wanted: int, least: int) -> list[int]:
    """How many of each stratum: `least` of each as far as that goes, the rest in proportion, `wanted` in all."""
    quotas, left = _least(sizes, wanted, least)
    ideal = [wanted * size / (sum(sizes) or 1) for size in sizes]
    short = [(quota - share, n) for n, (quota, share) in enumerate(zip(quotas, ideal, strict=True)) if quota < sizes[n]]
    heapq.heapify(short)
    while left and short:
        excess, number = heapq.heappop(short)
        quotas[number] += 1
        left -= 1
        if quotas[number] < sizes[number]:
            heapq.heappush(short, (excess + 1, number))
    return quotas


def _least(sizes: Sequence[int], wanted: int, least: int) -> tuple[list[int], int]:
    """The first quotas, one each in turn, larger strata first; and how many are left to give."""
    quotas, left = [0] * len(sizes), wanted
    by_size = sorted(range(len(sizes)), key=lambda n: -sizes[n])
    for level in range(least):
        turn = [n for n in by_size if sizes[n] > level][:left]
        for number in turn:
            quotas[number] += 1
        left -= len(turn)
        if not turn:
            break
    return quotas, left
