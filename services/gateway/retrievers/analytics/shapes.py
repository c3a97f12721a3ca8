"""How a retriever does, from its history."""

from datetime import datetime

from services.gateway.kit.shapes import Answer, JsonObject


class TimeRange(Answer):
    """The time that numbers are about."""

    start: datetime
    end: datetime


class Performance(Answer):
    """RetrieverPerformanceResponse: numbers for each hour or day, and for all of it."""

    retriever_id: str
    time_range: TimeRange
    metrics: list[JsonObject]
    summary: JsonObject


class StageMetrics(Answer):
    """StagePerformanceMetrics."""

    stage_name: str
    stage_type: str
    execution_count: int
    avg_latency_ms: float
    p95_latency_ms: float
    avg_documents_in: float
    avg_documents_out: float


class StageBreakdown(Answer):
    """StageBreakdownResponse."""

    retriever_id: str
    stages: list[StageMetrics]
    total_latency_ms: float
