"""What a stage is, and all that it may use while it runs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from likeness.common.v1.vector_pb2 import Vector
from services.common.filters import Filter, substitute
from services.taxonomy.catalog import Catalog
from services.taxonomy.documents import Documents
from services.taxonomy.domain import State, Target
from services.taxonomy.index_client import IndexClient
from services.taxonomy.query_vectors import QueryVectors
from services.taxonomy.row_reader import RowReader
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
class Execution:
    """One run of a retriever: over which collections, for whom, and through what."""

    namespace_id: str
    targets: tuple[Target, ...]
    subjects: tuple[Subject, ...]
    templates: Templates
    documents: Documents
    rows: RowReader
    catalog: Catalog
    index: IndexClient
    queries: QueryVectors

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
