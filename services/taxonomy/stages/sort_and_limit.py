"""sort_attribute, sort_relevance, score_normalize and limit: who comes first, and how many."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from services.taxonomy.domain import MOST_ARRANGED, Sorted, State, Unfetched
from services.taxonomy.stage_parameters import Parameters
from services.taxonomy.stages.algorithms.sort_orders import MISSING, SCALES, ByField, ByRelevance, Normalize
from services.taxonomy.stages.base.candidates import ListStage, arranged, fetched
from services.taxonomy.stages.base.stage import Execution, Stage

DIRECTIONS = ("asc", "desc")
LARGEST_OFFSET = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SortAttribute:
    """Sorts by a field; before any search the database does it, however many documents there are."""

    name: str
    by: ByField
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """The same documents, sorted."""
        if isinstance(state, Unfetched) and self.by.nulls_last and self.by.field != "score":
            return replace(state, order=Sorted(self.by.field, self.by.descending))
        times = await execution.document_fields.declared_times(execution.collection_ids, self.by.field)
        return await arranged(state, execution, replace(self.by, times=times))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The first documents, after some that are passed over."""

    name: str
    limit: int
    offset: int
    feature_uris: ClassVar[tuple[str, ...]] = ()

    async def run(self, state: State, execution: Execution) -> State:
        """A slice of each list."""
        return await fetched(state, execution, limit=self.limit, offset=self.offset)


def parse_sort_attribute(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """field (sort_field), direction (order, sort_order), nulls_last."""
    given = Parameters(raw, path)
    by = ByField(
        field=given.field("field", "sort_field", "sort_by", default="metadata.created_at"),
        descending=given.choice("direction", "order", "sort_order", allowed=DIRECTIONS, default="desc") == "desc",
        nulls_last=given.flag("nulls_last", default=True),
    )
    return SortAttribute(name=name, by=by)


def parse_sort_relevance(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """score_field, direction, missing_score; feature_address never had an effect."""
    given = Parameters(raw, path)
    by = ByRelevance(
        field=given.field("score_field", "field", default="score"),
        descending=given.choice("direction", "order", allowed=DIRECTIONS, default="desc") == "desc",
        missing=given.choice("missing_score", allowed=MISSING, default="bottom"),
    )
    return ListStage(name=name, arrange=by)


def parse_score_normalize(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """method (strategy)."""
    method = Parameters(raw, path).choice("method", "strategy", allowed=tuple(SCALES), default="min_max")
    return ListStage(name=name, arrange=Normalize(method=method))


def parse_limit(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """limit (count, n), offset."""
    given = Parameters(raw, path)
    return Limit(
        name=name,
        limit=given.whole("limit", "count", "n", default=10, high=MOST_ARRANGED),
        offset=given.whole("offset", default=0, low=0, high=LARGEST_OFFSET),
    )
