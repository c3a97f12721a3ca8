"""What a trigger does: the contract's action_config of each action_type."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from services.common.triggers.config_forms import Config, read_form
from services.common.validation.unknown_keys import IDLE, UnusedKey

CLUSTER, TAXONOMY, BATCH = "cluster", "taxonomy_enrichment", "batch_rerun"
COLLECTION, RETRIEVER, ALERT = "collection_trigger", "retriever_execution", "alert_evaluation"
ActionType = Literal[
    "cluster", "taxonomy_enrichment", "batch_rerun", "collection_trigger", "retriever_execution", "alert_evaluation"
]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
Identifiers = Annotated[list[Identifier], Field(min_length=1, max_length=100)]
Filters = dict[str, Any]
Share = Annotated[float, Field(ge=0, le=1)]
Strict = Annotated[bool, Field(strict=True)]


def _refused(given: Any) -> None:
    """Nothing may be said here; the client's own default is the text 'null'."""
    if given not in (None, "null"):
        message = "cannot be given here"
        raise ValueError(message)


class ClusterAction(Config):
    """TriggerActionConfigCluster."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "source_execution_ids": UnusedKey("clusters of clusters are not served.")
    }

    cluster_id: Identifier
    filters: Filters | None = None
    mode: Literal["full", "assign"] = "full"
    assignment_threshold: Share = 0.5
    output_collection_ids: Annotated[None, BeforeValidator(_refused)] = None


class TaxonomyAction(Config):
    """TriggerActionConfigTaxonomyEnrichment; where results go is said by the collection's taxonomy_applications."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {"parallelism": IDLE}

    taxonomy_id: Identifier
    collection_id: Identifier
    target_collection_id: Annotated[None, BeforeValidator(_refused)] = None
    filters: Filters | None = None
    incremental: Strict = False
    batch_size: Annotated[int, Field(strict=True, ge=100, le=10_000)] = 1000


class BatchAction(Config):
    """TriggerActionConfigBatchRerun."""

    batch_id: Identifier
    filters: Filters | None = None
    retry_failed_only: Strict = False


class CollectionAction(Config):
    """TriggerActionConfigCollectionTrigger; what has been processed is done again unless the strategy is `skip`."""

    collection_id: Identifier
    include_buckets: Identifiers | None = None
    include_collections: Identifiers | None = None
    source_filters: Filters | None = None
    dedup_strategy: Literal["skip", "replace", "force"] = "replace"


class Acceptance(Config):
    """TriggerDefsRetrieverAcceptanceCriteria; stages here have no budgets that they could exceed."""

    max_stage_latency_breaches: Annotated[None, BeforeValidator(_refused)] = None
    max_total_time_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    min_results: Annotated[int | None, Field(strict=True, ge=0, le=1_000_000)] = None
    judge_field: Annotated[str | None, StringConstraints(min_length=1, max_length=512, pattern=r"^[^\x00]+$")] = None
    min_pass_ratio: Share | None = None

    @model_validator(mode="after")
    def _judged(self) -> "Acceptance":
        if self.min_pass_ratio is not None and self.judge_field is None:
            message = "min_pass_ratio needs a judge_field"
            raise ValueError(message)
        return self


class RetrieverAction(Config):
    """TriggerActionConfigRetrieverExecution; nothing is cached here, so skip_cache has nothing to skip."""

    retriever_id: Identifier
    inputs: dict[str, Any] | None = None
    filters: Filters | None = None
    skip_cache: bool = True
    acceptance: Acceptance | None = None
    notification_config: Annotated[None, BeforeValidator(_refused)] = None


class AlertAction(Config):
    """What is evaluated: an alert, on this schedule."""

    alert_id: Identifier


Action = ClusterAction | TaxonomyAction | BatchAction | CollectionAction | RetrieverAction | AlertAction
FORMS: Mapping[str, type[Action]] = {
    CLUSTER: ClusterAction,
    TAXONOMY: TaxonomyAction,
    BATCH: BatchAction,
    COLLECTION: CollectionAction,
    RETRIEVER: RetrieverAction,
    ALERT: AlertAction,
}


def read_action(
    action_type: str, raw: Mapping[str, Any], path: str = "action_config", *, stored: bool = False
) -> Action:
    """The action of this type; InvalidArgumentError names the field that is wrong."""
    return read_form(FORMS[action_type], raw, path, stored=stored)
