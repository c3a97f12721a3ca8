"""Which collections a retriever searches."""

from collections.abc import Sequence

from services.common.bindings import Bindings
from services.taxonomy.domain import Target
from services.taxonomy.retrievers.engine import Engine
from services.taxonomy.stages.base.stage import Stage
from services.taxonomy.stages.search.feature_search import FeatureSearch


async def searched(
    engine: Engine, namespace_id: str, stages: Sequence[Stage], identifiers: Sequence[str], bindings: Bindings
) -> tuple[Target, ...]:
    """The collections named by the retriever, else those named by its searches, else all of the namespace."""
    named = identifiers or [name for stage in stages if isinstance(stage, FeatureSearch) for name in stage.collections]
    if named:
        return await engine.catalog.named(namespace_id, named, "collection_identifiers", bindings)
    return await engine.catalog.all(namespace_id)
