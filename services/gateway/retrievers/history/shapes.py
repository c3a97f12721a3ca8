"""The history of a retriever: what it was asked, how long that took, and what it will probably take."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

import asyncpg
from pydantic import Field

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.kit.lists.shapes import ListBody
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject, Moment
from services.gateway.retrievers.executions.shapes import Statistics


class StageProfile(Answer):
    """What one stage took and let through."""

    stage_index: int
    stage_name: str
    stage_type: str
    input_count: int
    output_count: int
    duration_ms: float
    efficiency: float


class ExecutionProfile(Answer):
    """An execution stage by stage; one that failed may lack stages, and says why."""

    retriever_id: str
    execution_id: str
    status: str
    error: str | None
    stages: list[StageProfile]
    total_stages: int
    total_returned: int
    total_time_ms: float
    optimization_applied: bool


SHOWN = ("execution_id", "status", "duration_ms", "total_processed", "total_returned", "query_summary")


class ListExecutions(ListBody):
    """ListExecutionsRequest."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        **ListBody.unused_keys,
        "count_only": UnusedKey("ask with include_total and limit 1.", off=False),
    }

    status: Annotated[str | None, Field(description="completed or failed")] = None
    start_time: Moment | None = None
    end_time: Moment | None = None


class ExecutionSummary(Answer):
    """RetrieverExecutionSummary."""

    execution_id: str
    status: str
    created_at: datetime
    completed_at: datetime
    duration_ms: float
    credits_used: float = 0.0
    total_processed: int
    total_returned: int
    inputs_hash: str
    query_summary: str | None


class CountedPages(Answer):
    """PaginationMetadata."""

    total: int
    limit: int
    offset: int
    has_next: bool
    next_cursor: str | None = None


class ExecutionList(Answer):
    """ListExecutionsResponse."""

    results: list[ExecutionSummary]
    pagination: CountedPages


class ExecutionDetail(Answer):
    """ExecutionDetail: statistics and inputs are remembered, documents are not."""

    retriever_id: str
    execution_id: str
    status: str
    error: str | None
    stage_statistics: Statistics
    created_at: datetime
    completed_at: datetime
    stages_completed: int
    total_stages: int
    documents_retained: bool = False
    total_returned: int
    inputs: JsonObject
    degraded: list[Degraded] = Field(default_factory=list)


class ExecutionStatus(Answer):
    """How far an execution is; those that are remembered are over."""

    execution_id: str
    status: str
    progress: float = 100.0
    stages_completed: int
    total_stages: int
    error: str | None


class AdhocSummary(Answer):
    """AdhocExecutionSummary."""

    execution_id: str
    execution_mode: str = "adhoc"
    status: str
    timestamp: datetime
    duration_ms: float
    credits_used: float = 0.0
    total_processed: int
    total_returned: int
    query_summary: str | None
    stages_completed: int
    total_stages: int
    collection_ids: list[str]


class AdhocDetail(AdhocSummary):
    """AdhocExecutionDetail: the inputs, shortened, as JSON text."""

    inputs: str
    inputs_hash: str


class AdhocList(Answer):
    """ListAdhocExecutionsResponse."""

    results: list[AdhocSummary]
    total: int
    pagination: CountedPages


class ExplainForm(Form):
    """ExplainRetrieverRequest."""

    inputs: JsonObject | None = None


class StagePlan(Answer):
    """ExplainStagePlan: estimates are medians of the executions that are remembered, where there are any."""

    stage_index: int
    stage_name: str
    stage_type: str
    estimated_input: int
    estimated_output: int
    estimated_efficiency: float
    estimated_cost_credits: float = 0.0
    estimated_duration_ms: float
    cache_likely: bool = False
    optimization_notes: list[str] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)


class Explanation(Answer):
    """ExplainRetrieverResponse; `executions_observed` says what the estimates rest on."""

    retriever_id: str
    retriever_name: str
    estimated_cost: dict[str, float]
    execution_plan: list[StagePlan]
    optimization_suggestions: list[JsonObject] = Field(default_factory=list)
    total_estimated_stages: int
    bottleneck_stages: list[str]
    optimization_level: str = "none"
    optimization_applied: bool = False
    executions_observed: int


def times_of(row: asyncpg.Record) -> tuple[datetime, datetime]:
    """When an execution began and ended."""
    ended: datetime = row["created_at"]
    return ended - timedelta(milliseconds=row["duration_ms"]), ended


def to_summary(row: asyncpg.Record) -> ExecutionSummary:
    """An execution of a stored retriever, in a list."""
    began, ended = times_of(row)
    return ExecutionSummary(
        **{name: row[name] for name in (*SHOWN, "inputs_hash")}, created_at=began, completed_at=ended
    )


def to_adhoc(row: asyncpg.Record) -> JsonObject:
    """An execution without a retriever."""
    return {
        **{name: row[name] for name in (*SHOWN, "total_stages", "collection_ids")},
        "timestamp": times_of(row)[0],
        "stages_completed": len(row["stages"]),
    }


def to_detail(row: asyncpg.Record) -> ExecutionDetail:
    """An execution of a stored retriever with its statistics."""
    began, ended = times_of(row)
    known = ("input_count", "output_count", "duration_ms", "efficiency")
    stages = {stage["stage_name"]: {name: stage[name] for name in known} for stage in row["stages"]}
    return ExecutionDetail(
        retriever_id=row["retriever_id"],
        execution_id=row["execution_id"],
        status=row["status"],
        error=row["error"],
        stage_statistics=Statistics.model_validate({"stages": stages, "total_time_ms": row["duration_ms"]}),
        created_at=began,
        completed_at=ended,
        stages_completed=len(row["stages"]),
        total_stages=row["total_stages"],
        total_returned=row["total_returned"],
        inputs=row["inputs"],
    )
