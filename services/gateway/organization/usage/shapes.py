"""What buckets, extractors and a whole namespace did: for dashboards."""

from datetime import datetime

from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.shapes import Answer, JsonObject


class UsageMetric(Answer):
    """UsageMetric: what was stored, for how long, and how many objects came; nothing costs anything here."""

    time_bucket: datetime
    storage_gb_hours: float
    upload_operations: int
    sync_operations: int = 0
    total_credits: int = 0
    estimated_cost_usd: float = 0.0


class CostBreakdown(Answer):
    """CostBreakdown of no costs."""

    storage_percent: float = 0.0
    upload_percent: float = 0.0
    sync_percent: float = 0.0
    other_percent: float = 0.0


class Usage(Answer):
    """BucketUsageResponse."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[UsageMetric]
    cost_breakdown: CostBreakdown
    total_credits: int = 0
    total_cost_usd: float = 0.0


class UploadMetric(Answer):
    """UploadPerformanceMetric of presigned uploads: from the link to the confirmation, the client's time included."""

    time_bucket: datetime
    upload_count: int
    avg_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float
    avg_throughput_mbps: float
    error_rate: float


class UploadPerformance(Answer):
    """UploadPerformanceResponse."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[UploadMetric]
    summary: JsonObject


class ExtractorRuns(Answer):
    """One extractor in all collections of a namespace; times are those of its extractions."""

    extractor_name: str
    version: str
    execution_count: int
    success_count: int
    failure_count: int
    success_rate: float
    avg_latency_ms: float
    p95_latency_ms: float
    p99_latency_ms: float


class NamespaceSummary(Answer):
    """NamespaceSummaryResponse: which fields are asked for is not recorded, since one index covers all of them."""

    namespace_id: str
    time_range_days: int
    summary: dict[str, int]
    recommendations: list[JsonObject]
    most_queried_fields: list[JsonObject]
    slowest_fields: list[JsonObject]
    compound_indexes: list[JsonObject]
