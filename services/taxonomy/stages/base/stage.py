"""What a stage is, and all that it may use while it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from likeness.common.v1.vector_pb2 import Vector
from services.common.filters import Filter, substitute
from services.common.ids import Bindings
from services.taxonomy.database.collections import Collections
from services.taxonomy.database.document_fields import DocumentFields
from services.taxonomy.database.documents import Documents
from services.taxonomy.domain import Candidate, Json, State, Target
from services.taxonomy.queries.index_client import IndexClient
from services.taxonomy.queries.query_vectors import QueryVectors
from services.taxonomy.templates import Templates


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a retriever runs for; no document of `object_id` is found.

    `vectors`, by slot and model, stand for every input of a search; without them inputs are read from the request.
    """

    subject_id: str = ""
    object_id: str = ""
    vectors: Mapping[tuple[str, str], Vector] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Classification:
    """A question to a taxonomy about documents with their fields; `fields`, in the contract's form, replace its own."""

    taxonomy: str
    candidates: Sequence[Candidate]
    fields: Sequence[Mapping[str, Json]] | None
    top_k: int
    min_score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Classified:
    """What a taxonomy says of a document: the fields it would have, and the match as answers show it.

    `needed` is the score that a match takes.
    """

    fields: Mapping[str, Json]
    match: Mapping[str, Json]
    needed: float


class Classify(Protocol):
    """Asks a taxonomy; one answer for each candidate, in order. Nothing is kept."""

    async def __call__(self, namespace_id: str, question: Classification) -> Sequence[Classified]:
        """The answers; NotFoundError for a taxonomy that does not exist or cannot run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One run of a retriever: over which collections, for whom, and through what; `bindings` say what its stages name.

    Without `classify` it runs for a taxonomy itself, and cannot ask another.
    """

    namespace_id: str
    targets: tuple[Target, ...]
    subjects: tuple[Subject, ...]
    bindings: Bindings
    templates: Templates
    documents: Documents
    document_fields: DocumentFields
    collections: Collections
    index: IndexClient
    queries: QueryVectors
    classify: Classify | None = None

    @property
    def collection_ids(self) -> list[str]:
        """The collections that are searched."""
        return [target.collection_id for target in self.targets]

    def fill(self, tree: Filter, path: str) -> Filter:
        """The filter with its templates rendered."""
        return substitute(tree, lambda text: self.templates.render(text, path))


class Stage(Protocol):
    """One step of a retriever: narrows, ranks or reorders what the steps before it left."""

    @property
    def name(self) -> str:
        """How the retriever's author calls it."""

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """The slots that it searches."""

    async def run(self, state: State, execution: Execution) -> State:
        """What is left after this stage; InvalidArgumentError names the path of a bad parameter."""


StageParser = Callable[[str, Mapping[str, Any], str], Stage]
"""Makes a stage of its name, its parameters and their path; InvalidArgumentError names the path of a bad one."""
