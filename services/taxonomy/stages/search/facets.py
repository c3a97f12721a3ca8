"""How the values of fields are spread over what a search looks at."""

from collections.abc import Sequence

from services.common.filters import EVERYTHING
from services.taxonomy.concurrency import together
from services.taxonomy.domain import Json, Ranked, State
from services.taxonomy.stages.base.stage import Execution
from services.taxonomy.stages.search.search_parameters import Facet


async def count_facets(facets: Sequence[Facet], state: State, execution: Execution) -> list[Json]:
    """[{key, values: [{value, count}]}] over the documents that a search may find, not those that it found."""
    ids = [c.document_id for c in state.lists[0]] if isinstance(state, Ranked) else None
    tree = EVERYTHING if isinstance(state, Ranked) else state.everything
    counted = await together(
        execution.rows.facet(execution.collection_ids, ids, tree, facet.key, facet.limit) for facet in facets
    )
    return [{"key": facet.key, "values": values} for facet, values in zip(facets, counted, strict=True)]
