"""How buckets grow and what fails in them, and the errors of a namespace."""

from datetime import datetime

from services.gateway.kit.analytics import TimeRange
from services.gateway.kit.shapes import Answer, JsonObject


class StorageMetric(Answer):
    """StorageMetric: what the bucket held at the end of the time bucket."""

    time_bucket: datetime
    total_size_bytes: int
    object_count: int
    avg_size_bytes: int
    growth_rate_percent: float


class Storage(Answer):
    """BucketStorageResponse."""

    bucket_id: str
    time_range: TimeRange
    metrics: list[StorageMetric]
    summary: JsonObject


class BucketError(Answer):
    """ErrorBreakdown."""

    error_type: str
    count: int
    percentage: float
    first_seen: datetime
    last_seen: datetime


class BucketHealth(Answer):
    """BucketHealthResponse; syncs with other stores do not exist here."""

    bucket_id: str
    time_range: TimeRange
    overall_health: str
    total_errors: int
    error_breakdown: list[BucketError]
    sync_health: list[JsonObject]
    stuck_syncs: list[str]


class BucketsHealth(Answer):
    """NamespaceBucketsHealthResponse."""

    time_range: TimeRange
    buckets: list[BucketHealth]


class ErrorCount(Answer):
    """ResourceErrorCount."""

    resource_id: str
    error_count: int


class NamespaceErrors(Answer):
    """NamespaceErrorsResponse."""

    namespace_id: str
    hours: int
    collections: list[ErrorCount]
    clusters: list[ErrorCount]
    total_errors: int
