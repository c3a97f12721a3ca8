"""Conditions of the server itself that an alert can watch, and their parameters: pure.

A parameter that is not given has the default below. Minutes may be fractions.
"""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Minutes = Annotated[float, Field(gt=0, le=525_600)]
Count = Annotated[int, Field(ge=1, le=1_000_000_000)]
Share = Annotated[float, Field(gt=0, le=1)]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]


class Params(BaseModel):
    """Parameters of one condition; unknown ones are refused, since a misspelt one would be a silent default."""

    model_config = ConfigDict(extra="forbid")


class OfCollections(Params):
    """Only these collections, by id or name; without them all that are enabled."""

    collection_ids: Annotated[list[Identifier] | None, Field(min_length=1, max_length=100)] = None


class CollectionEmpty(OfCollections):
    """A collection older than this has no document."""

    grace_minutes: Minutes = 10


class CollectionStale(OfCollections):
    """No document of a collection was made or changed for so long."""

    stale_minutes: Minutes = 1440


class BatchFailed(Params):
    """So many batches failed in the window."""

    window_minutes: Minutes = 60
    min_failures: Count = 1


class BatchStalled(Params):
    """A submitted batch has not got on for so long."""

    stall_minutes: Minutes = 30


class BatchErrorRate(Params):
    """Of the items that batches ended in the window, at least `min_items`, more than this share failed."""

    error_rate_threshold: Share = 0.1
    window_minutes: Minutes = 60
    min_items: Count = 10


class IngestStalled(OfCollections):
    """Objects wait for a collection, and none was processed for so long."""

    stall_minutes: Minutes = 30


class TaskQueueDegraded(Params):
    """More tasks wait than this, or one has waited for so long."""

    stall_minutes: Minutes = 15
    max_waiting: Count = 100


class DlqGrowth(Params):
    """So many objects ended as FAILED in the window: this server's dead letters."""

    window_minutes: Minutes = 60
    min_failures: Count = 10


class OfRetriever(Params):
    """Only this retriever, by id or name; without it each of the namespace. Executions through REST count."""

    retriever_id: Identifier | None = None
    window_minutes: Minutes = 60


class RetrieverLatency(OfRetriever):
    """The 95th percentile of durations is over `latency_ms` or, without it, over a multiple of that of the day before.

    `baseline_minutes` is the time before the window that it is compared with.
    """

    latency_multiplier: Annotated[float, Field(gt=1, le=1000)] = 2.0
    latency_ms: Annotated[float | None, Field(gt=0, le=3_600_000)] = None
    baseline_minutes: Minutes = 1440
    min_executions: Count = 20


class RetrieverNoResults(OfRetriever):
    """At least this share of executions found nothing."""

    no_result_rate: Share = 0.5
    min_executions: Count = 10


KNOWN: Mapping[str, type[Params]] = {
    "collection_empty": CollectionEmpty,
    "collection_stale": CollectionStale,
    "batch_failed": BatchFailed,
    "batch_stalled": BatchStalled,
    "batch_error_rate": BatchErrorRate,
    "ingest_stalled": IngestStalled,
    "task_queue_degraded": TaskQueueDegraded,
    "dlq_growth": DlqGrowth,
    "retriever_latency": RetrieverLatency,
    "retriever_no_results": RetrieverNoResults,
}
# What the contract also names -> why it cannot be known here.
UNKNOWN: Mapping[str, str] = {
    "collection_drift": "this server keeps no history of a collection's vectors",
    "retriever_accuracy": "evaluations are run on demand, see POST /v1/retrievers/{id}/evaluations",
    "retriever_alignment_regression": "evaluations are run on demand, see POST /v1/retrievers/{id}/evaluations",
    "retriever_no_interactions": "interactions of searchers are not recorded",
    "provider_quota_exhausted": "this server has no providers with quotas",
    "budget_threshold": "a self-hosted server has no prices",
}


def params_of(condition: Mapping[str, Any]) -> Params:
    """The parameters of a condition {type, params}, defaults filled in; pydantic's ValidationError when unsound."""
    return KNOWN[condition["type"]].model_validate(condition.get("params") or {})
