"""Several searches, one ranking."""

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from services.taxonomy.domain import Candidate

RANK_OFFSET = 60


class Fusion(StrEnum):
    """How the scores of several searches become one."""

    RRF = "rrf"
    DBSF = "dbsf"
    WEIGHTED = "weighted"
    MAX = "max"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What one search found, best first, and what it counts."""

    weight: float
    candidates: Sequence[Candidate]


def fuse(rankings: Sequence[Ranking], method: Fusion) -> tuple[Candidate, ...]:
    """One ranking of all candidates, best first; a single ranking keeps its raw similarities."""
    if len(rankings) == 1:
        return tuple(rankings[0].candidates)
    scores = _SCORES[method](rankings)
    best: dict[str, Candidate] = {}
    for candidate in sorted((c for r in rankings for c in r.candidates), key=lambda c: c.similarity):
        best[candidate.document_id] = candidate
    fused = [replace(candidate, score=scores[key]) for key, candidate in best.items()]
    return tuple(sorted(fused, key=lambda candidate: (-candidate.score, candidate.document_id)))


def _reciprocal_ranks(rankings: Sequence[Ranking]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, candidate in enumerate(ranking.candidates, 1):
            key = candidate.document_id
            scores[key] = scores.get(key, 0.0) + ranking.weight / (RANK_OFFSET + rank)
    return scores


def _weighted_mean(rankings: Sequence[Ranking]) -> dict[str, float]:
    total = sum(ranking.weight for ranking in rankings) or 1.0
    scores: dict[str, float] = {}
    for ranking in rankings:
        for candidate in ranking.candidates:
            key = candidate.document_id
            scores[key] = scores.get(key, 0.0) + candidate.similarity * ranking.weight / total
    return scores


def _spread(rankings: Sequence[Ranking]) -> dict[str, float]:
    """Distribution-based: each search's scores on 0..1 between three deviations under and over its mean, added up."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        found = [candidate.similarity for candidate in ranking.candidates]
        width = 6 * statistics.pstdev(found) if found else 0.0
        low = statistics.fmean(found) - width / 2 if found else 0.0
        for candidate in ranking.candidates:
            share = min(1.0, max(0.0, (candidate.similarity - low) / width)) if width else 0.5
            scores[candidate.document_id] = scores.get(candidate.document_id, 0.0) + ranking.weight * share
    return scores


def _maximum(rankings: Sequence[Ranking]) -> dict[str, float]:
    scores: dict[str, float] = {}
    for ranking in rankings:
        for candidate in ranking.candidates:
            scores[candidate.document_id] = max(scores.get(candidate.document_id, 0.0), candidate.similarity)
    return scores


_SCORES: Mapping[Fusion, Callable[[Sequence[Ranking]], dict[str, float]]] = {
    Fusion.RRF: _reciprocal_ranks,
    Fusion.DBSF: _spread,
    Fusion.WEIGHTED: _weighted_mean,
    Fusion.MAX: _maximum,
}
