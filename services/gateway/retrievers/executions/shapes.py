"""Running a retriever: what is asked and what it answers."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, Field, model_validator

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Answer, Form, JsonObject, OpenAnswer, QueryForm
from services.gateway.retrievers.executions.pages import MAX_SIZE, ExecutePages, ExecutionPages, PageWanted, page_wanted
from services.gateway.retrievers.stages.shapes import default_size

MOST_QUERIES = 16
Inputs = Annotated[JsonObject | None, Field(description="What the templates of the stages call INPUT")]
Size = Annotated[int | None, Field(ge=1, le=MAX_SIZE)]


class ExecuteQuery(QueryForm):
    """Query parameters of an execution; either place may ask for links, vectors and the plan."""

    return_presigned_urls: bool = False
    return_vectors: bool = False
    explain: bool = False
    include_legacy_results: Annotated[bool, Field(description="Also answer the documents as `results`")] = False
    skip_cache: Annotated[bool, Field(description="Accepted; nothing is cached")] = False


class ExecuteSettings(Form):
    """The size of a page, as the hand-written client says it."""

    limit: Size = None
    page_size: Size = None


class ExecuteRetriever(Form):
    """ExecuteRetrieverRequest; everything may be left out."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "skip_cache": IDLE,
        "write_token": IDLE,
        "consistency": IDLE,
    }

    inputs: Inputs = None
    filters: Annotated[Any, Field(description="A filter in any dialect, that every result must pass")] = None
    pagination: ExecutePages | None = None
    settings: ExecuteSettings | None = None
    limit: Size = None
    page_size: Size = None
    stream: bool | None = None
    explain: bool | None = None
    expand: Annotated[list[str] | None, Field(max_length=10)] = None
    target_collection_id: str | None = None
    return_presigned_urls: bool | None = None
    return_vectors: bool | None = None

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> "ExecuteRetriever":
        if self.limit and self.page_size and self.limit != self.page_size:
            raise ValueError("limit and page_size are the same thing, and differ")
        return self

    def merged(self, query: ExecuteQuery) -> "ExecuteRetriever":
        """The same with what the query parameters ask for."""
        asked = {
            name: True
            for name in ("return_presigned_urls", "return_vectors", "explain")
            if getattr(query, name) or getattr(self, name)
        }
        return self.model_copy(update=asked)

    def page(self, stages: list[JsonObject]) -> PageWanted:
        """The page wanted; where nothing says its size, the stages do."""
        pages, settings = self.pagination or ExecutePages(), self.settings or ExecuteSettings()
        size = pages.page_size or pages.limit or self.limit or self.page_size or settings.limit or settings.page_size
        return page_wanted(pages, size or min(default_size(stages), MAX_SIZE))


class ExecuteAdhoc(ExecuteRetriever):
    """AdhocExecuteRequest: stages that are not stored."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        **ExecuteRetriever.unused_keys,
        "budget_limits": IDLE,
    }

    stages: Annotated[list[JsonObject], Field(min_length=1)]
    input_schema: JsonObject | None = None
    collection_identifiers: Annotated[
        list[str] | None, Field(validation_alias=AliasChoices("collection_identifiers", "collection_ids"))
    ] = None


class BatchQuery(Form):
    """BatchQueryItem."""

    inputs: Inputs = None
    filters: Any = None


class ExecuteBatch(Form):
    """ExecuteBatchRequest."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "stream": UnusedKey("execute the queries one by one with stream.", off=False),
    }

    queries: Annotated[list[BatchQuery], Field(min_length=1, max_length=MOST_QUERIES)]
    settings: ExecuteSettings | None = None
    concurrency: Annotated[int | None, Field(ge=1, le=20)] = None
    return_presigned_urls: bool | None = None
    return_vectors: bool | None = None


class StageStatistics(Answer):
    """What one stage did; `efficiency` is the share that it let through, `metadata` what it found out beside."""

    input_count: int
    output_count: int
    duration_ms: float
    efficiency: float
    metadata: JsonObject | None = None


class Statistics(Answer):
    """RetrieverExecutionStatistics."""

    stages: dict[str, StageStatistics]
    total_time_ms: float
    credits_used: float = 0.0


class Found(OpenAnswer):
    """A document that was found, its fields at the root, with its score."""

    document_id: str
    collection_id: str
    score: float


class Execution(Answer):
    """ExecuteRetrieverResponse; `results` repeats the documents when asked for."""

    retriever_id: str
    execution_id: str
    status: str = "completed"
    documents: list[Found]
    results: list[Found] | None = None
    pagination: ExecutionPages
    stage_statistics: Statistics
    facets: list[JsonObject] | None = None
    aggregations: list[JsonObject] | None = None
    explain_plan: JsonObject | None = None
    written_to: JsonObject | None = None
    budget: JsonObject
    degraded: list[Any] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class BatchOutcome(Answer):
    """What became of one query of a batch: an execution, or why there is none."""

    query_index: int
    status: str
    execution: Execution | None = None
    documents: list[Found] = Field(default_factory=list)
    error: str | None = None


class ExecutionBatch(Answer):
    """The outcomes in the order of the queries."""

    retriever_id: str
    results: list[BatchOutcome]
    total_queries: int
    succeeded: int
    failed: int
