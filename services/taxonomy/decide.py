"""The decision: the best labelled neighbour lends its label when it is alike enough."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.taxonomy.domain import Candidate, Json

HUMAN = "human"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The label of a document at this moment, and who set it: "human", "auto" or "import"."""

    value: Json
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A labelled document that was looked at, and how alike it is."""

    candidate: Candidate
    label: Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the evidence, best first, says; `confidence` is the best similarity even when it is not enough."""

    matched: bool
    confidence: float
    threshold: float
    evidence: tuple[Neighbour, ...] = ()

    @property
    def best(self) -> Neighbour | None:
        """The neighbour that decided, if one did."""
        return self.evidence[0] if self.matched else None


def decide(candidates: Sequence[Candidate], labels: Mapping[str, Label], *, threshold: float, limit: int) -> Verdict:
    """Judges by the `limit` best candidates that have a label; those without one are passed over.

    Of equally alike neighbours one that a person labelled comes first, then the smaller document id, so that the same
    evidence always gives the same verdict.
    """
    labelled = [Neighbour(candidate=c, label=labels[c.document_id]) for c in candidates if c.document_id in labels]
    evidence = tuple(sorted(labelled, key=_rank)[:limit])
    confidence = evidence[0].candidate.similarity if evidence else 0.0
    matched = bool(evidence) and confidence >= threshold
    return Verdict(matched=matched, confidence=confidence, threshold=threshold, evidence=evidence)


def _rank(neighbour: Neighbour) -> tuple[float, bool, str]:
    candidate = neighbour.candidate
    return -candidate.similarity, neighbour.label.source != HUMAN, candidate.document_id
