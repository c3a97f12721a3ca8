"""Counting documents, the values of a field, and groups of them."""

from typing import Annotated, Any

from pydantic import Field

from services.gateway.kit.shapes import Answer, Degraded, Form


class CountBody(Form):
    """An optional filter."""

    filters: Any = None


class DocumentCount(Answer):
    """DocumentCountResponse."""

    collection_id: str
    count: int
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")


class DistinctBody(Form):
    """DistinctValuesRequest."""

    field: Annotated[str, Field(min_length=1)]
    filters: Any = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class DistinctValue(Answer):
    """A value and the number of documents that have it."""

    value: Any
    count: int


class DistinctValues(Answer):
    """DistinctValuesResponse: documents without the field are not counted."""

    field: str
    values: list[DistinctValue]
    total_distinct: int
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")


class Share(Answer):
    """A value, the number of documents that have it, and their percentage of all documents."""

    value: Any
    count: int
    percentage: float


class FieldDistribution(Answer):
    """How the values of a field are spread; documents without one are counted in `missing`."""

    collection_id: str
    field: str
    total: int
    missing: int
    distinct: int
    distribution: list[Share]
