"""Aggregating documents: groups, metrics, and what of them to keep."""

from typing import Annotated, Any, Literal

from pydantic import Field

from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

FieldName = Annotated[str, Field(min_length=1, max_length=512)]
Alias = Annotated[str, Field(min_length=1, max_length=200)]
Number = int | float
MAX_GROUPS = 10_000
Unit = Literal["year", "month", "week", "day", "hour", "minute", "second"]
Part = Literal["year", "month", "week", "day", "dayOfWeek", "dayOfYear", "hour", "minute", "second"]
Function = Literal["count", "count_distinct", "sum", "avg", "min", "max", "first", "last", "push", "add_to_set"]


class GroupBy(Form):
    """GroupByField."""

    field: FieldName
    alias: Alias | None = None
    date_trunc: Unit | None = None
    date_part: Part | None = None

    @property
    def name(self) -> str:
        """The key of its value in the answer."""
        return self.alias or self.field


class Aggregation(Form):
    """AggregationOperation; only `count` needs no field."""

    function: Function
    field: FieldName | None = None
    alias: Alias
    distinct_field: FieldName | None = None

    @property
    def source(self) -> str | None:
        """The field that it works on."""
        return self.distinct_field or self.field if self.function == "count_distinct" else self.field


class Having(Form):
    """HavingCondition: compares a metric, by its alias."""

    field: Alias
    operator: Literal["gt", "gte", "lt", "lte", "eq", "ne"]
    value: Number | str


class RangeBucket(Form):
    """Groups numbers by ranges such as `0-10`, upper bounds included; the lowest boundary is in the first range.

    What lies outside is in the default bucket, or without one in `<0` and `>20`; what is no number in null.
    """

    field: FieldName
    boundaries: Annotated[list[Number], Field(min_length=1, max_length=1000)]
    default_bucket: Annotated[str | None, Field(max_length=200)] = None


class Aggregate(Form):
    """DocumentAggregationRequest."""

    group_by: Annotated[list[GroupBy] | None, Field(max_length=10)] = None
    aggregations: Annotated[list[Aggregation], Field(min_length=1, max_length=50)]
    filters: Any = None
    having: Annotated[list[Having] | None, Field(max_length=50)] = None
    unwind: FieldName | None = None
    range_buckets: Annotated[list[RangeBucket] | None, Field(max_length=10)] = None
    sort_by: Alias | None = None
    sort_direction: Literal["asc", "desc"] = "desc"
    limit: Annotated[int | None, Field(ge=1, le=MAX_GROUPS)] = None


class AggregationResult(Answer):
    """AggregationResult."""

    group: JsonObject
    metrics: JsonObject


class Aggregated(Answer):
    """DocumentAggregationResponse; `total_groups` counts those that pass `having`, before `limit`."""

    results: list[AggregationResult]
    total_groups: int
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
