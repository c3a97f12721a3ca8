"""Batches of objects to be processed: what is asked for, and what is said of them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, Field

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

MAX_OBJECTS = 50_000
Strategy = Literal["skip", "replace", "force"]
ObjectIds = Annotated[list[str], Field(min_length=1, max_length=MAX_OBJECTS)]
Collections = Annotated[
    list[str] | None,
    Field(validation_alias=AliasChoices("collection_ids", "collections"), min_length=1, max_length=1000),
]


class BatchCreate(Form):
    """CreateBatchRequest: `object_ids`, `filters` that choose among the bucket's objects, or `all`."""

    object_ids: ObjectIds | None = None
    filters: Annotated[Any, Field(description="A filter in any dialect, with one condition at least")] = None
    all: Annotated[bool, Field(strict=True, description="Every object of the bucket")] = False
    collection_ids: Collections = None
    limit: Annotated[int | None, Field(ge=1, le=MAX_OBJECTS)] = None
    dedup_strategy: Strategy = "skip"
    batch_name: Annotated[str | None, Field(max_length=256)] = None
    metadata: JsonObject | None = None
    auto_submit: bool | None = None
    trigger_processing: bool | None = None


class BatchObjects(Form):
    """AddObjectsToBatchRequest."""

    object_ids: ObjectIds


class BatchSubmit(Form):
    """SubmitBatchRequest."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "include_processing_history": IDLE,
        "webhook_url": UnusedKey("make a webhook of batch events."),
    }

    collection_ids: Collections = None


class BatchPatch(Form):
    """PatchBatchRequest: metadata are merged."""

    metadata: JsonObject | None = None


class BatchRetry(Form):
    """RetryBatchRequest: by default what failed for a reason that may pass."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "tier_nums": UnusedKey("a batch has one tier.", off=[0]),
    }

    retry_mode: Literal["transient_only", "all"] = "transient_only"
    max_retry_count: Annotated[int, Field(ge=1, le=10)] = 3


class BatchListBody(ListBody):
    """ListBatchesRequest."""

    status: Annotated[str | None, Field(max_length=100)] = None
    collection_id: str | None = None
    bucket_id: str | None = None
    namespace_id: str | None = None


class BulkSubmit(Form):
    """BulkSubmitBatchesRequest: the bucket in batches of `chunk_size`, whole unless filters narrow it."""

    collection_ids: Collections = None
    filters: Annotated[Any, Field(description="A filter in any dialect")] = None
    chunk_size: Annotated[int, Field(ge=1, le=MAX_OBJECTS)] = 1000
    dedup_strategy: Strategy = "skip"
    max_objects: Annotated[int | None, Field(ge=1)] = None


class FailedObject(Answer):
    """FailedObjectRecord."""

    object_id: str
    error: str
    error_type: Literal["transient", "permanent", "resource"]
    timestamp: str


class FailedDocument(FailedObject):
    """What of an object failed in which collection."""

    collection_id: str
    tier_num: int = 0
    retry_count: int


class FailedDocuments(Answer):
    """Failures of a batch, under both names that clients look for."""

    batch_id: str
    failed_documents: list[FailedDocument]
    results: list[FailedDocument]
    total: int
    limit: int
    offset: int


class Progress(Answer):
    """BatchProgress, in objects."""

    processed: int
    total: int
    percent: float
    errors: int
    first_error: str | None
    objects_extracted: int
    objects_skipped: int
    objects_failed: int


class TierTask(Answer):
    """TierTaskInfo: there is one tier, from the bucket to its collections."""

    tier_num: int
    task_id: str | None
    status: str
    collection_ids: list[str] | None
    source_type: str


class Batch(Answer):
    """BatchModel."""

    batch_id: str
    bucket_id: str
    namespace_id: str
    batch_name: str | None
    status: str
    type: Literal["BUCKET"] = "BUCKET"
    object_ids: list[str] | None
    collection_ids: list[str]
    dedup_strategy: Strategy
    effective_dedup_strategy: Strategy
    task_id: str | None
    metadata: JsonObject
    error: str | None
    failed_objects: list[FailedObject]
    failed_object_count: int
    unaccounted_object_count: int
    error_summary: dict[str, int]
    progress: Progress
    tier_tasks: list[TierTask]
    current_tier: int | None
    total_tiers: int = 1
    retry_count: int
    max_retries: int = 3
    last_retry_at: datetime | None
    retry_reason: str | None
    status_message: str
    lifecycle: str
    lifecycle_reason: str | None
    max_node_death_resubmits: int = 0
    max_deploy_resubmits: int = 0
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
    created_at: datetime
    updated_at: datetime


class BatchList(Answer):
    """ListBatchesResponse."""

    results: list[Batch]
    total_count: int
    pagination: Pagination


class TierAudit(Answer):
    """The accounting of one collection."""

    tier_num: int
    collection_id: str | None
    submitted: int
    pending: int
    processing: int
    completed: int
    failed: int
    skipped: int
    lost: int
    balanced: bool


class Audit(Answer):
    """Every object of a batch, accounted for; `tiers` says the same per collection."""

    batch_id: str
    status: str
    total: int
    pending: int
    processing: int
    completed: int
    failed: int
    skipped: int
    lost: int
    all_balanced: bool
    has_lost_objects: bool
    tiers: list[TierAudit]


class LogLine(Answer):
    """One thing that happened to a batch."""

    timestamp: datetime
    level: Literal["info", "error"]
    message: str


class BatchLogs(Answer):
    """What happened to a batch, oldest first."""

    batch_id: str
    status: str
    logs: list[LogLine]


class BatchRetried(Answer):
    """What a retry has queued; without anything to retry there is no task."""

    batch_id: str
    task_id: str | None
    status: str
    retried_count: int
    retry_count: int
    message: str


class Submitted(Answer):
    """BulkSubmittedBatch."""

    batch_id: str
    status: str
    object_count: int
    error: str | None = None


class BulkSubmitted(Answer):
    """BulkSubmitBatchesResponse."""

    batch_group_id: str
    total_objects: int
    total_batches: int
    submitted: int
    failed: int
    chunk_size: int
    batches: list[Submitted]
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
