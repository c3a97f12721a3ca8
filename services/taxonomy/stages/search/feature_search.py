"""feature_search: the documents that are most alike, found inside what the stages before it left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from services.common.filters import EVERYTHING
from services.taxonomy.concurrency import gather_all
from services.taxonomy.domain import Json, Ranked, State
from services.taxonomy.stage_parameters import Parameters, part_of
from services.taxonomy.stages.algorithms.duplicates_and_groups import Group
from services.taxonomy.stages.base.candidates import arranged
from services.taxonomy.stages.base.stage import Execution
from services.taxonomy.stages.sample_and_group import grouping
from services.taxonomy.stages.search.fusion import Fusion, Ranking, fuse
from services.taxonomy.stages.search.search_parameters import (
    MOST_RESULTS,
    Facet,
    Search,
    parse_collections,
    parse_facets,
    parse_fusion,
    parse_searches,
)
from services.taxonomy.stages.search.vector_search import run_search

STAGE_ID = "feature_search"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSearch:
    """Some searches and how they become one ranking of at most `final_top_k` documents, or of groups of them.

    `collections` are all that it names; facets count values over everything that it searches in.
    """

    name: str
    searches: tuple[Search, ...]
    final_top_k: int
    fusion: Fusion
    facets: tuple[Facet, ...] = ()
    group: Group | None = None
    collections: tuple[str, ...] = ()

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """The slots as the searches name them."""
        return tuple(search.feature_uri for search in self.searches if search.feature_uri)

    async def run(self, state: State, execution: Execution) -> State:
        """Ranks for each subject; without a search that has a query, everything passes."""
        ranked = await self._search(state, execution)
        if self.group and isinstance(ranked, Ranked):
            ranked = await arranged(ranked, execution, self.group)
        if not self.facets:
            return ranked
        facets: Json = await count_facets(self.facets, state, execution)
        return replace(ranked, notes={**ranked.notes, "facets": facets})

    async def _search(self, state: State, execution: Execution) -> State:
        found = await gather_all(run_search(search, state, execution) for search in self.searches)
        asked = [(search, lists) for search, lists in zip(self.searches, found, strict=True) if lists is not None]
        if not asked:
            return state
        ranked = []
        for number in range(len(execution.subjects)):
            rankings = [Ranking(weight=search.weight, candidates=lists[number]) for search, lists in asked]
            best = fuse(rankings, self.fusion)
            ranked.append(best if self.group else best[: self.final_top_k])
        return _with_rows_of(state, Ranked(tuple(ranked)))


def _with_rows_of(before: State, after: Ranked) -> Ranked:
    """The ranking with the fields that stages before it gave its documents."""
    lists = before.lists if isinstance(before, Ranked) else ()
    rows = {c.document_id: c.row for found in lists for c in found if c.row}
    if not rows:
        return after
    return Ranked(tuple(tuple(replace(c, row=rows.get(c.document_id)) for c in found) for found in after.lists))


def parse_feature_search(name: str, parameters: Mapping[str, Any], path: str) -> FeatureSearch:
    """The stage from its parameters; InvalidArgumentError names the path of a bad one."""
    given = Parameters(parameters, path)
    searches = parse_searches(parameters, path)
    own = (name for search in searches for name in search.collections)
    return FeatureSearch(
        name=name,
        searches=searches,
        final_top_k=given.whole("final_top_k", "limit", default=25, high=MOST_RESULTS),
        fusion=parse_fusion(parameters, path),
        facets=parse_facets(parameters, path),
        group=_group(given),
        collections=tuple(dict.fromkeys((*parse_collections(given), *own))),
    )


def _group(given: Parameters) -> Group | None:
    value, path = given.given("group_by")
    if value is None:
        return None
    part = part_of({"field": value} if isinstance(value, str) else value, path)
    return grouping(part, max_per_group=1, most=100, limit=25)


async def count_facets(facets: Sequence[Facet], state: State, execution: Execution) -> list[Json]:
    """[{key, values: [{value, count}]}] over the documents that a search may find, not those that it found."""
    ids = [c.document_id for c in state.lists[0]] if isinstance(state, Ranked) else None
    tree = EVERYTHING if isinstance(state, Ranked) else state.everything
    counted = await gather_all(
        execution.document_fields.facet(execution.collection_ids, ids, tree, facet.key, facet.limit) for facet in facets
    )
    return [{"key": facet.key, "values": values} for facet, values in zip(facets, counted, strict=True)]
