"""How a retriever is run to find a label: the references first, and no score kept back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Condition, Filter, Operator
from services.common.labels.human_labels import HUMAN, IMPORT
from services.taxonomy.domain import both
from services.taxonomy.stages.base.stage import Stage
from services.taxonomy.stages.search.feature_search import FeatureSearch

# A label may be cleared between the search and the reading of the labels: the next neighbours then take its place.
SPARE = 4
MOST_FOUND = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelPlan:
    """The stages as they run for a label, what a match must score, and how many neighbours are evidence."""

    stages: tuple[Stage, ...]
    min_score: float
    limit: int


def plan_labels(stages: Sequence[Stage], neighbours: int = 1) -> LabelPlan:
    """Takes `min_score` out of the last search, so that the best score is known even when it is under it.

    At least so many `neighbours` are asked for, whatever the search says.
    """
    searches = [number for number, stage in enumerate(stages) if isinstance(stage, FeatureSearch) and stage.searches]
    if not searches:
        raise InvalidArgumentError("stages need a feature_search to find a label.", path="stages")
    last = stages[searches[-1]]
    assert isinstance(last, FeatureSearch)
    top_k = max(neighbours, *(search.top_k for search in last.searches))
    final_top_k = max(neighbours, last.final_top_k)
    spare = SPARE if searches[-1] == len(stages) - 1 else 0
    opened = tuple(
        replace(search, top_k=max(neighbours, search.top_k) + spare, min_score=0.0) for search in last.searches
    )
    widened = replace(last, searches=opened, final_top_k=final_top_k + spare, facets=())
    return LabelPlan(
        stages=(*stages[: searches[-1]], widened, *stages[searches[-1] + 1 :]),
        min_score=max(search.min_score for search in last.searches),
        limit=min(top_k, final_top_k),
    )


def plan_retriever(stages: Sequence[Stage]) -> LabelPlan:
    """The stages as they are: whatever they find is evidence."""
    return LabelPlan(stages=tuple(stages), min_score=0.0, limit=MOST_FOUND)


def references(field: str | None, *, human_only: bool) -> Filter:
    """Who can lend a label: documents that have one that stands, or only those whose label a person gave.

    Without a `field` every document can.
    """
    if field is None:
        return EVERYTHING
    stands = Condition(f"_internal.stale.{field}", Operator.EXISTS, False)
    labelled = both(Condition(field, Operator.IS_LABEL, True), stands)
    if not human_only:
        return labelled
    return both(labelled, Condition(f"labels.{field}.source", Operator.IN, (HUMAN, IMPORT)))
