"""How the executions of a cluster went over time."""

from datetime import datetime

from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.shapes import Answer, JsonObject


class ExecutionMetric(Answer):
    """ClusterExecutionMetric."""

    execution_id: str
    started_at: datetime
    duration_seconds: float
    num_documents: int
    num_clusters: int
    status: str
    algorithm: str


class ExecutionHistory(Answer):
    """ExecutionHistoryResponse."""

    cluster_id: str
    time_range: TimeRange
    results: list[ExecutionMetric]
    summary: JsonObject


class FailureMetric(Answer):
    """FailureMetric."""

    timestamp: datetime
    execution_id: str
    error_message: str
    error_type: str


class ClusterFailures(Answer):
    """FailureAnalysisResponse of clusters."""

    cluster_id: str
    time_range: TimeRange
    failures: list[FailureMetric]
    total_failures: int
