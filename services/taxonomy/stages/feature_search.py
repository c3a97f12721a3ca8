"""feature_search: the documents that are most alike, found inside what the stages before it left."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.taxonomy.domain import Ranked, State
from services.taxonomy.fusion import Fusion, Ranking, fuse
from services.taxonomy.search import run_search
from services.taxonomy.stages.search_parameters import Search, parse_fusion, parse_searches, whole_number
from services.taxonomy.stages.stage import Execution
from services.taxonomy.together import together

STAGE_ID = "feature_search"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureSearch:
    """Some searches and how they become one ranking of at most `final_top_k` documents."""

    name: str
    searches: tuple[Search, ...]
    final_top_k: int
    fusion: Fusion

    @property
    def feature_uris(self) -> tuple[str, ...]:
        """The slots as the searches name them."""
        return tuple(search.feature_uri for search in self.searches if search.feature_uri)

    async def run(self, state: State, execution: Execution) -> State:
        """Ranks for each subject; without a search that has a query, everything passes."""
        found = await together(run_search(search, state, execution) for search in self.searches)
        asked = [(search, lists) for search, lists in zip(self.searches, found, strict=True) if lists is not None]
        if not asked:
            return state
        ranked = []
        for number in range(len(execution.subjects)):
            rankings = [Ranking(weight=search.weight, candidates=lists[number]) for search, lists in asked]
            ranked.append(fuse(rankings, self.fusion)[: self.final_top_k])
        return Ranked(tuple(ranked))


def parse_feature_search(name: str, parameters: Mapping[str, Any], path: str) -> FeatureSearch:
    """The stage from its parameters; InvalidArgumentError names the path of a bad one."""
    return FeatureSearch(
        name=name,
        searches=parse_searches(parameters, path),
        final_top_k=whole_number(parameters, "final_top_k", path, 25),
        fusion=parse_fusion(parameters, path),
    )
