"""Running a retriever: what is asked and what it answers."""

from typing import Annotated, Any

from pydantic import AliasChoices, Field

from services.gateway.shapes.base import Answer, Form, JsonObject, OpenAnswer

DEFAULT_SIZE = 10
MAX_SIZE = 500


class ExecutePages(Form):
    """Paging of an execution: offset paging by page number, other methods by limit and offset."""

    method: str = "offset"
    page_size: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    page_number: Annotated[int | None, Field(ge=1)] = None
    limit: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    offset: Annotated[int | None, Field(ge=0, le=10_000)] = None


class ExecuteSettings(Form):
    """The same, as the hand-written client says it."""

    limit: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None


class ExecuteRetriever(Form):
    """ExecuteRetrieverRequest; everything may be left out."""

    inputs: JsonObject = Field(default_factory=dict)
    filters: Any = None
    pagination: ExecutePages | None = None
    settings: ExecuteSettings | None = None
    limit: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    page_size: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    return_presigned_urls: bool = False
    return_vectors: bool = False

    def size(self) -> int:
        """Results a page."""
        pages, settings = self.pagination or ExecutePages(), self.settings or ExecuteSettings()
        return self.limit or self.page_size or settings.limit or pages.page_size or pages.limit or DEFAULT_SIZE

    def offset(self) -> int:
        """Results to skip."""
        pages = self.pagination or ExecutePages()
        return pages.offset if pages.offset is not None else self.size() * ((pages.page_number or 1) - 1)


class ExecuteAdhoc(ExecuteRetriever):
    """AdhocExecuteRequest: stages that are not stored."""

    stages: Annotated[list[JsonObject], Field(min_length=1)]
    collection_identifiers: Annotated[
        list[str],
        Field(validation_alias=AliasChoices("collection_identifiers", "collection_ids"), default_factory=list),
    ]


class StageStatistics(Answer):
    """What one stage did; `efficiency` is the share that it let through."""

    input_count: int
    output_count: int
    duration_ms: float
    efficiency: float


class Statistics(Answer):
    """RetrieverExecutionStatistics."""

    stages: dict[str, StageStatistics]
    total_time_ms: float
    credits_used: float = 0.0


class ExecutionPages(Answer):
    """The page that was answered."""

    method: str = "offset"
    page_number: int
    page_size: int
    returned: int
    total: int
    has_next: bool


class Found(OpenAnswer):
    """A document that was found, its fields at the root, with its score."""

    document_id: str
    collection_id: str
    score: float


class Execution(Answer):
    """ExecuteRetrieverResponse."""

    retriever_id: str
    execution_id: str
    status: str = "completed"
    documents: list[Found]
    pagination: ExecutionPages
    stage_statistics: Statistics
    budget: JsonObject
    degraded: list[Any] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
