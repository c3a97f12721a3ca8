"""What a search without a query may find when it is told to: documents at random."""

import random
import secrets
from dataclasses import replace

from services.taxonomy.domain import Candidate, Ranked, Shuffled, State, both
from services.taxonomy.stages.base.stage import Execution
from services.taxonomy.stages.search.search_parameters import Search


async def draw(search: Search, state: State, execution: Execution) -> list[list[Candidate]]:
    """For each subject `top_k` documents of the state, in an order of chance, with a score of 0."""
    extra = execution.fill(search.filter, f"{search.path}.filters")
    if isinstance(state, Ranked):
        kept = await execution.documents.passing({c.document_id for found in state.lists for c in found}, extra)
        lists = [[c for c in found if c.document_id in kept] for found in state.lists]
        drawn = [random.sample(found, min(search.top_k, len(found))) for found in lists]
    else:
        shuffled = replace(state, given=both(state.given, extra), order=Shuffled(secrets.token_hex(8)))
        found = await execution.documents.page(execution.collection_ids, shuffled, search.top_k, 0)
        drawn = [found for _ in execution.subjects]
    return [
        [replace(c, score=0.0, similarity=0.0) for c in found if c.object_id != subject.object_id]
        for found, subject in zip(drawn, execution.subjects, strict=True)
    ]
