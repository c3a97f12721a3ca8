"""How a taxonomy does: its labels, their confidence over time, and how often people found it wrong."""

from datetime import datetime

from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.shapes import Answer, JsonObject


class LabelMetric(Answer):
    """LabelMetric."""

    label: str
    count: int
    percentage: float
    avg_confidence: float


class LabelDistribution(Answer):
    """LabelDistributionResponse."""

    taxonomy_id: str
    labels: list[LabelMetric]
    total_labels: int
    labels_returned: int
    total_assignments: int
    truncated: bool


class ConfidenceRange(Answer):
    """ConfidenceDistribution."""

    confidence_range: str
    count: int
    percentage: float


class ConfidenceDistribution(Answer):
    """ConfidenceResponse: of what the taxonomy labelled, and of what it found nothing for.

    Low is a confidence under the query's `low`.
    """

    taxonomy_id: str
    distribution: list[ConfidenceRange]
    avg_confidence: float
    low_confidence_count: int
    matched_count: int
    unmatched_count: int


class AssignmentMetric(Answer):
    """AssignmentMetric."""

    time_bucket: datetime
    assignment_count: int
    avg_confidence: float
    unique_labels: int


class Assignments(Answer):
    """AssignmentMetricsResponse."""

    taxonomy_id: str
    time_range: TimeRange
    metrics: list[AssignmentMetric]
    summary: JsonObject


class EnrichmentMetric(Answer):
    """EnrichmentMetric; a success is a match, a failure none."""

    time_bucket: datetime
    enrichment_count: int
    success_count: int
    failure_count: int
    avg_latency_ms: float
    success_rate: float


class Enrichments(Answer):
    """EnrichmentHistoryResponse."""

    taxonomy_id: str
    time_range: TimeRange
    metrics: list[EnrichmentMetric]
    summary: JsonObject
