"""The decision: labelled neighbours lend their label when they are alike enough.

Three ways to decide: by the best neighbour alone; by a vote of the best few; or, for labels that are paths, by the
deepest part of the path on which the best few agree.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from services.common.labels.label_paths import Path, shorten, split_path
from services.taxonomy.domain import Candidate, Json, Label

HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A labelled document that was looked at, and how alike it is."""

    candidate: Candidate
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence, best first, says; `confidence` is the best similarity even when it is not enough.

    `best` is the neighbour whose label is lent, and `label` what is lent; `path` has its segments, for labels that are
    paths. `kept` are the neighbours that count as matches, best first. `reason` says why nothing could be judged.
    """

    matched: bool
    confidence: float
    threshold: float
    evidence: tuple[Neighbour, ...] = ()
    best: Neighbour | None = None
    label: Json = None
    path: Path = ()
    kept: tuple[Neighbour, ...] = ()
    reason: str = ""


Choice = tuple[Neighbour, Json, Path]
Choose = Callable[[Sequence[Neighbour]], Choice | None]


def decide(
    candidates: Sequence[Candidate],
    labels: Mapping[str, Label],
    *,
    threshold: float,
    limit: int,
    choose: Choose | None = None,
) -> Verdict:
    """Judges by the `limit` best candidates that have a label; those without one are passed over.

    Of equally alike neighbours one that a person labelled comes first, then the smaller document id, so that the same
    evidence always gives the same verdict.
    """
    labelled = [Neighbour(candidate=c, label=labels[c.document_id]) for c in candidates if c.document_id in labels]
    evidence = tuple(sorted(labelled, key=_rank)[:limit])
    kept = tuple(each for each in evidence if each.candidate.similarity >= threshold)
    choice = (choose or by_best)(kept) if kept else None
    if choice is None:
        confidence = evidence[0].candidate.similarity if evidence else 0.0
        return Verdict(matched=False, confidence=confidence, threshold=threshold, evidence=evidence)
    best, label, path = choice
    return Verdict(
        matched=True,
        confidence=best.candidate.similarity,
        threshold=threshold,
        evidence=evidence,
        best=best,
        label=label,
        path=path,
        kept=kept,
    )


def nothing(threshold: float, reason: str = "") -> Verdict:
    """The verdict where nobody was found, or for a `reason` nobody could be looked for."""
    return Verdict(matched=False, confidence=0.0, threshold=threshold, reason=reason)


def by_best(kept: Sequence[Neighbour]) -> Choice | None:
    """The most alike neighbour decides alone."""
    return kept[0], kept[0].label.value, ()


def by_vote(kept: Sequence[Neighbour]) -> Choice | None:
    """Each neighbour votes for its label, as strongly as it is alike; of equals the best neighbour's wins."""
    votes: dict[bytes, float] = {}
    for each in kept:
        key = _key(each.label.value)
        votes[key] = votes.get(key, 0.0) + each.candidate.similarity
    most = max(votes.values())
    winner = next(each for each in kept if votes[_key(each.label.value)] == most)
    return winner, winner.label.value, ()


def by_path(separator: str, agreement: float) -> Choose:
    """The deepest part of the path that more than `agreement` (0.5..1) of the votes share; None when not even the root.

    A vote counts as much as its neighbour is alike. Since more than half agree, there is one such part at most of each
    length. So where the leaf is unsure and its parent is not, the label stops at the parent.
    """

    def choose(kept: Sequence[Neighbour]) -> Choice | None:
        voters = [(each, path) for each in kept if (path := split_path(each.label.value, separator))]
        shares: dict[Path, float] = {}
        for each, path in voters:
            for length in range(1, len(path) + 1):
                prefix = path[:length]
                shares[prefix] = shares.get(prefix, 0.0) + each.candidate.similarity
        needed = agreement * sum(each.candidate.similarity for each, _ in voters)
        agreed = max((path for path, share in shares.items() if share > needed), key=len, default=())
        best = next((each for each, path in voters if agreed and path[: len(agreed)] == agreed), None)
        return None if best is None else (best, shorten(best.label.value, separator, len(agreed)), agreed)

    return choose


def _key(value: Json) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def _rank(neighbour: Neighbour) -> tuple[float, bool, str]:
    candidate = neighbour.candidate
    return -candidate.similarity, neighbour.label.source != HUMAN, candidate.document_id
