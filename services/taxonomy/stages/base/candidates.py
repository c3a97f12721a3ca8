"""From documents that are only described, or only ranked, to candidates with their fields."""

from dataclasses import dataclass, replace
from typing import ClassVar

from services.common.filters import Filter
from services.taxonomy.candidate_paths import to_row
from services.taxonomy.domain import MOST_ARRANGED, Arrangement, Candidate, Ranked, State
from services.taxonomy.stages.base.stage import Execution

CUT = f"only the first {MOST_ARRANGED} documents were looked at; filter or limit before this stage"


async def fetched(state: State, execution: Execution, *, limit: int = MOST_ARRANGED, offset: int = 0) -> Ranked:
    """The documents of the state from `offset` on, at most `limit` for each subject."""
    if isinstance(state, Ranked):
        return Ranked(tuple(found[offset : offset + limit] for found in state.lists))
    found = tuple(await execution.documents.page(execution.collection_ids, state, limit, offset))
    notes = {"warnings": [CUT]} if len(found) == MOST_ARRANGED else {}
    lists = (tuple(c for c in found if c.object_id != subject.object_id) for subject in execution.subjects)
    return Ranked(tuple(lists), notes)


async def with_rows(state: State, execution: Execution) -> Ranked:
    """The same with the fields of every candidate; documents that are gone are left out."""
    ranked = await fetched(state, execution)
    unread = {c.document_id for found in ranked.lists for c in found if c.row is None}
    if not unread:
        return ranked
    rows = {key: to_row(record) for key, record in (await execution.document_fields.records(unread)).items()}
    lists = ((c if c.row else replace(c, row=rows.get(c.document_id)) for c in found) for found in ranked.lists)
    return replace(ranked, lists=tuple(tuple(c for c in found if c.row) for found in lists))


async def arranged(state: State, execution: Execution, arrange: Arrangement) -> Ranked:
    """Each list, with its fields, arranged; the notes are those of the first."""
    ranked = await with_rows(state, execution)
    results = [arrange(found) for found in ranked.lists]
    notes = {**ranked.notes, **results[0].notes} if results else ranked.notes
    return Ranked(tuple(result.candidates for result in results), notes)


async def passing(candidates: tuple[Candidate, ...], tree: Filter, execution: Execution) -> tuple[Candidate, ...]:
    """The candidates, which have their fields, that pass a filter."""
    return tuple(await execution.document_fields.passing(candidates, tree)) if candidates else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListStage:
    """Reads the fields of the candidates and arranges each list."""

    name: str
    arrange: Arrangement
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The lists, arranged."""
        return await arranged(state, execution, self.arrange)
