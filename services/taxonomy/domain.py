"""What a retriever works on: targets, candidates, and the set of documents that its stages narrow."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

from services.common.filters import EVERYTHING, And, Condition, Filter, Operator, all_of

Json = Any
# An arrangement, such as sorting or grouping, makes one list of candidates, which have their fields, another.
MOST_ARRANGED = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A collection to be searched: the slot that it fills and the model that it pinned."""

    collection_id: str
    extractor: str
    model: str
    feature_uri: str
    dimensions: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """The label of a document at this moment, and who set it: "human", "auto" or "import".

    `stored` is what stands in the document's field, of which `value` is the clean form.
    """

    value: Json
    source: str
    stored: Json = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A document with its fields, as stages see it.

    `document` is what paths and templates reach; `record` is its row in the database; `added` are root fields that
    stages set and the answer shows. When `alone`, the answer shows no other fields.
    """

    document: Mapping[str, Json]
    record: Mapping[str, Json]
    added: Mapping[str, Json] = field(default_factory=dict)
    alone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document found. `score` ranks it; `similarity` is its best raw cosine of any search, 0..1.

    `row` is there once a stage has read the document.
    """

    document_id: str
    collection_id: str
    object_id: str
    score: float = 1.0
    similarity: float = 1.0
    row: Row | None = None


@dataclass(frozen=True, slots=True)
class Sorted:
    """By a field, documents without it last."""

    field: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Shuffled:
    """In an order that the seed alone decides."""

    seed: str


Order = Sorted | Shuffled | None
"""In which order documents are read; None: as they were made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfetched:
    """Every document that passes both filters; none has been read.

    `fixed` comes from the retriever alone, so the index may keep its members as a view; `given` depends on the request.
    """

    fixed: Filter = EVERYTHING
    given: Filter = EVERYTHING
    order: Order = None
    notes: Mapping[str, Json] = field(default_factory=dict)

    @property
    def everything(self) -> Filter:
        """Both filters as one."""
        return both(self.fixed, self.given)


@dataclass(frozen=True, slots=True)
class Ranked:
    """Documents found, best first: one list for each subject of the request."""

    lists: tuple[tuple[Candidate, ...], ...]
    notes: Mapping[str, Json] = field(default_factory=dict)


State = Unfetched | Ranked
"""`notes` is what the last stage found out beside documents, such as facets."""


def both(first: Filter, second: Filter) -> Filter:
    """The two filters joined by AND, without conditions that follow from others; equal parts give equal filters."""
    parts = [part for side in (first, second) for part in (side.children if isinstance(side, And) else (side,))]
    known = {Condition(part.field, Operator.EXISTS, True) for part in parts if _is_of_label(part)}
    return all_of(part for part in dict.fromkeys(parts) if part not in known)


def _is_of_label(part: Filter) -> TypeGuard[Condition]:
    """Whether it wants a label, which a field that is not there cannot have."""
    return isinstance(part, Condition) and part.operator is Operator.IS_LABEL and part.value is True


Candidates = tuple[Candidate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """What became of one list, and what was found out beside it."""

    candidates: Candidates
    notes: Mapping[str, Json] = field(default_factory=dict)


Arrangement = Callable[[Candidates], Arranged]
