"""What a retriever works on: targets, candidates, and the set of documents that its stages narrow."""

from dataclasses import dataclass
from typing import Any

from services.common.filters import EVERYTHING, And, Filter, all_of

Json = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A collection to be searched: the slot that it fills and the model that it pinned."""

    collection_id: str
    extractor: str
    model: str
    feature_uri: str
    dimensions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document found. `score` ranks it; `similarity` is its best raw cosine of any search, 0..1."""

    document_id: str
    collection_id: str
    object_id: str
    score: float = 1.0
    similarity: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfetched:
    """Every document that passes both filters; none has been read.

    `fixed` comes from the retriever alone, so the index may keep its members as a view; `given` depends on the request.
    """

    fixed: Filter = EVERYTHING
    given: Filter = EVERYTHING

    @property
    def everything(self) -> Filter:
        """Both filters as one."""
        return both(self.fixed, self.given)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Documents found, best first: one list for each subject of the request."""

    lists: tuple[tuple[Candidate, ...], ...]


State = Unfetched | Ranked


def both(first: Filter, second: Filter) -> Filter:
    """The two filters joined by AND, without conditions named twice; equal parts give equal filters."""
    parts = [part for side in (first, second) for part in (side.children if isinstance(side, And) else (side,))]
    return all_of(dict.fromkeys(parts))
