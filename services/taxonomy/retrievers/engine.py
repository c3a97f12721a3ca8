"""What every run needs, put together once: parsed stages by their text, and the services that stages use."""

from collections.abc import Sequence

from cachetools import LRUCache

from services.common.ids import Bindings
from services.taxonomy.database.collections import Collections
from services.taxonomy.database.document_fields import DocumentFields
from services.taxonomy.database.documents import Documents
from services.taxonomy.database.object_blobs import ObjectBlobs
from services.taxonomy.database.reader import Reader
from services.taxonomy.domain import Target
from services.taxonomy.queries.index_client import IndexClient
from services.taxonomy.queries.query_vectors import QueryVectors
from services.taxonomy.retrievers.label_plan import LabelPlan, plan_labels
from services.taxonomy.stages.base.stage import Classify, Execution, Stage, Subject
from services.taxonomy.stages.parse import parse_stages_json
from services.taxonomy.stages.search.feature_search import FeatureSearch
from services.taxonomy.templates import Templates

CACHED_PLANS = 256


class Engine:
    """Makes executions, and label plans, which depend on nothing but the text of the stages."""

    def __init__(self, reader: Reader, blobs: ObjectBlobs, index: IndexClient, queries: QueryVectors) -> None:
        self.reader = reader
        self.documents = Documents(reader)
        self.blobs = blobs
        self.document_fields = DocumentFields(reader)
        self.collections = Collections(reader)
        self._index = index
        self._queries = queries
        self._plans: LRUCache[tuple[str, int], LabelPlan] = LRUCache(CACHED_PLANS)

    def execution(
        self,
        namespace_id: str,
        targets: tuple[Target, ...],
        templates: Templates,
        subjects: Sequence[Subject],
        *,
        bindings: Bindings,
        classify: Classify | None = None,
    ) -> Execution:
        """One run over the targets; `bindings` say what its stages name, `classify` lets them ask taxonomies."""
        return Execution(
            namespace_id=namespace_id,
            targets=targets,
            subjects=tuple(subjects),
            bindings=bindings,
            templates=templates,
            documents=self.documents,
            document_fields=self.document_fields,
            collections=self.collections,
            index=self._index,
            queries=self._queries,
            classify=classify,
        )

    def label_plan(self, stages_json: str, neighbours: int = 1) -> LabelPlan:
        """The plan for the stages in this text, when at least so many neighbours are wanted."""
        plan = self._plans.get((stages_json, neighbours))
        if plan is None:
            plan = plan_labels(parse_stages_json(stages_json), neighbours)
            self._plans[(stages_json, neighbours)] = plan
        return plan


async def searched_collections(
    engine: Engine, namespace_id: str, stages: Sequence[Stage], identifiers: Sequence[str], bindings: Bindings
) -> tuple[Target, ...]:
    """The collections named by the retriever, else those named by its searches, else all of the namespace."""
    named = identifiers or [name for stage in stages if isinstance(stage, FeatureSearch) for name in stage.collections]
    if named:
        return await engine.collections.named(namespace_id, named, "collection_identifiers", bindings)
    return await engine.collections.all(namespace_id)
