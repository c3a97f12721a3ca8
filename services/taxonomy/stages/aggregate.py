"""aggregate: numbers about what was found."""

from collections.abc import Mapping
from typing import Any

from services.taxonomy.stage_parameters import Parameters, field_name, invalid
from services.taxonomy.stages.algorithms.aggregation_functions import ALIASES, FUNCTIONS, NEEDS_TWO, Aggregation
from services.taxonomy.stages.algorithms.grouped_aggregation import Aggregate, GroupField
from services.taxonomy.stages.base.candidates import ListStage
from services.taxonomy.stages.base.stage import Stage

MOST_AGGREGATIONS = 50
MOST_FIELDS = 10


def parse_aggregate(name: str, raw: Mapping[str, Any], path: str) -> Stage:
    """aggregations (metrics), group_by, sort_by, sort_order, limit, include_documents."""
    given = Parameters(raw, path)
    aggregations = tuple(_aggregation(part) for part in given.parts("aggregations", "metrics", most=MOST_AGGREGATIONS))
    if not aggregations:
        raise invalid("must list at least one {function, field, alias}.", f"{path}.aggregations")
    aliases = [each.alias for each in aggregations]
    if len(set(aliases)) < len(aliases):
        raise invalid("uses an alias twice.", f"{path}.aggregations")
    sort_by = given.field("sort_by", default="")
    if sort_by and sort_by not in aliases:
        raise invalid(f"must be the alias of an aggregation: {', '.join(aliases)}.", f"{path}.sort_by")
    aggregate = Aggregate(
        aggregations=aggregations,
        group_by=_group_fields(given),
        sort_by=sort_by,
        descending=given.choice("sort_order", "order", allowed=("asc", "desc"), default="desc") == "desc",
        limit=given.whole("limit", default=0, high=1000),
        include_documents=given.flag("include_documents", default=False),
    )
    return ListStage(name=name, arrange=aggregate)


def _aggregation(part: Parameters) -> Aggregation:
    allowed = (*FUNCTIONS, *ALIASES)
    function = part.choice("function", "operation", "type", allowed=allowed, default="count")
    function = ALIASES.get(function, function)
    field = part.field("field", default="" if function == "count" else None)
    return Aggregation(
        function=function,
        alias=part.field("alias", "name", default=f"{function}_{field}" if field else function),
        field=field,
        field_b=part.field("field_b", default=None if function in NEEDS_TWO else ""),
        percentile=part.number("percentile_value", "percentile", default=50.0, high=100.0),
        top_k=part.whole("top_k", default=10, high=100),
    )


def _group_fields(given: Parameters) -> tuple[GroupField, ...]:
    value, path = given.given("group_by", "group_by_field")
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MOST_FIELDS:
        raise invalid(f"must name at most {MOST_FIELDS} fields.", path)
    return tuple(_group_field(item, f"{path}.{n}") for n, item in enumerate(listed)) if value is not None else ()


def _group_field(item: Any, path: str) -> GroupField:
    if not isinstance(item, Mapping):
        field = field_name(item, path)
        return GroupField(field=field, alias=field)
    part = Parameters(item, path)
    field = part.field("field")
    return GroupField(field=field, alias=part.field("alias", default=field))
