"""How a collection does: growth, failures, latency, and how far its labelling has come."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.shapes import Answer, JsonObject


class LabelAccuracy(Answer):
    """What people found of a machine's label; the rate is null when none was checked."""

    label: str
    checked: int
    correct: int
    incorrect: int
    false_positive_rate: float | None


class Accuracy(Answer):
    """Checks of machine labels: of each document and field the newest annotation or change by a person that decides."""

    taxonomy_id: str | None = None
    collection_id: str | None = None
    checked: Annotated[int, Field(description="Documents whose machine label was found correct or incorrect")]
    correct: int
    incorrect: int
    undecided: Annotated[int, Field(description="Documents whose annotations decide nothing, such as `deferred`")]
    false_positive_rate: Annotated[float | None, Field(description="incorrect / checked")]
    labels: Annotated[list[LabelAccuracy], Field(description="By the label of the machine, most checked first")]


class Overview(Answer):
    """CollectionOverviewResponse."""

    collection_id: str
    collection_name: str
    total_documents: int
    documents_last_24h: int
    documents_last_7d: int
    avg_processing_time_ms: float
    success_rate: float
    active_taxonomies: int
    active_clusters: int
    last_indexed: datetime | None


class GrowthMetric(Answer):
    """GrowthMetric."""

    time_bucket: datetime
    documents_added: int
    success_rate: float
    avg_latency_ms: float


class Growth(Answer):
    """GrowthMetricsResponse."""

    collection_id: str
    time_range: TimeRange
    metrics: list[GrowthMetric]
    summary: JsonObject


class ErrorMetric(Answer):
    """ErrorMetrics."""

    error_type: str
    count: int
    percentage: float
    recent_message: str


class Failures(Answer):
    """FailureAnalysisResponse."""

    collection_id: str
    time_range: TimeRange
    error_distribution: list[ErrorMetric]
    total_errors: int


class LatencyMetric(Answer):
    """LatencyMetric: times of extraction."""

    time_bucket: datetime
    document_count: int
    avg_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float


class Latency(Answer):
    """LatencyResponse."""

    collection_id: str
    time_range: TimeRange
    metrics: list[LatencyMetric]
    slowest_documents: list[JsonObject]


class ExtractorMetric(Answer):
    """ExtractorMetrics."""

    extractor_name: str
    version: str
    execution_count: int
    success_count: int
    failure_count: int
    success_rate: float
    avg_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float


class Extractors(Answer):
    """ExtractorPerformanceResponse."""

    collection_id: str
    time_range: TimeRange
    extractors: list[ExtractorMetric]
    summary: JsonObject


class FieldCoverage(Answer):
    """Who labelled the documents of a collection, for one label field; the shares are of all documents."""

    field: str
    total: int
    labelled: int
    auto: int
    human: int
    imported: int
    unlabelled: int
    coverage: Annotated[float, Field(description="labelled / total")]
    auto_share: Annotated[float, Field(description="auto / total")]


class NotJudged(Answer):
    """Documents that no taxonomy could judge, for one reason."""

    reason: str
    count: int


class Coverage(Answer):
    """How far the labelling of a collection has come, by label field, and what could not be judged."""

    collection_id: str
    fields: list[FieldCoverage]
    not_judged: int
    not_judged_reasons: Annotated[list[NotJudged], Field(description="The most frequent first")]


class FieldQueue(Answer):
    """What waits for a person, for one label field."""

    field: str
    length: int
    unlabelled: int
    low_confidence: int
    called_wrong: Annotated[int, Field(description="Labels that an annotation calls wrong, and nobody has corrected")]


class ReviewQueue(Answer):
    """Documents without a label, labels called wrong, and unsure labels of machines that no annotation has judged."""

    collection_id: str
    low: float
    length: Annotated[int, Field(description="Documents that wait in any field")]
    fields: list[FieldQueue]
