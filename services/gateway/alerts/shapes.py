"""Alerts: a condition that is looked at again and again, and who is told when it comes true."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

AlertName = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^/\x00]+$", strip_whitespace=True)
]
Source = Literal["retriever", "system"]
TriggerOn = Literal["results", "no_results"]
Seconds = Annotated[int, Field(ge=0, le=2_592_000)]
Interval = Annotated[int, Field(ge=60, le=2_592_000)]
MinCount = Annotated[int, Field(ge=1, le=1_000_000_000)]
Description = Annotated[str | None, Field(max_length=1000)]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]
ConditionType = Literal[
    "collection_empty",
    "batch_failed",
    "batch_stalled",
    "retriever_latency",
    "retriever_no_results",
    "batch_error_rate",
    "collection_drift",
    "retriever_accuracy",
    "retriever_alignment_regression",
    "task_queue_degraded",
    "dlq_growth",
    "provider_quota_exhausted",
    "retriever_no_interactions",
    "collection_stale",
    "budget_threshold",
    "ingest_stalled",
]


class Threshold(Form):
    """AlertThreshold: compares one field of the first result, such as `score`, a field of the document, or a dot path.

    `match_count`, where the result has no such field, is the number of results. Other types never compare as true.
    """

    field: Annotated[str, Field(min_length=1, max_length=512)]
    operator: Literal["gt", "gte", "lt", "lte", "eq", "ne"]
    value: bool | int | float | str | None


class SystemCondition(Form):
    """SystemCondition: what of the server itself is watched; `params` are those of the type."""

    type: ConditionType
    params: JsonObject | None = None


class NamespaceSelector(Form):
    """NamespaceSelector: an alert watches the namespace that it is in, which may be named here."""

    mode: Literal["all", "selected"] | None = None
    namespace_ids: Annotated[list[Identifier] | None, Field(max_length=1000)] = None


class ChannelForm(Form):
    """NotificationChannelConfig: `config` is that of the type."""

    channel_type: Annotated[str, Field(max_length=100, description="webhook, slack or email")]
    channel_id: Annotated[str | None, Field(description="Not supported: give the config itself")] = None
    config: JsonObject | None = None


class NotificationForm(Form):
    """AlertNotificationConfig: who is told, and of what."""

    channels: Annotated[list[ChannelForm], Field(min_length=1, max_length=20)]
    include_matches: bool = True
    include_scores: bool = True
    template_id: Annotated[str | None, Field(description="Not supported: a channel's config holds templates")] = None


class AlertForm(Form):
    """What creating and changing an alert have in common; `min_count` and `threshold` narrow `results` alone."""

    description: Description = None
    retriever_id: Identifier | None = None
    min_count: MinCount | None = None
    threshold: Threshold | None = None
    renotify_interval_seconds: Annotated[
        Interval | None, Field(description="Tell again at this interval while the condition holds; else once per rise")
    ] = None
    system_condition: SystemCondition | None = None
    namespace_selector: NamespaceSelector | None = None
    metadata: JsonObject | None = None


class AlertCreate(AlertForm):
    """CreateAlertRequest; without `source` and `trigger_on` it runs a retriever and fires on its results."""

    name: AlertName
    source: Source | None = None
    trigger_on: TriggerOn | None = None
    inputs: JsonObject | None = None
    cooldown_seconds: Annotated[Seconds | None, Field(description="Nobody is told for so long after a firing")] = 0
    notification_config: NotificationForm
    enabled: bool | None = True


class AlertPatch(AlertForm):
    """PatchAlertRequest; null takes away what an alert need not have. What is watched anew starts as not raised."""

    name: AlertName | None = None
    trigger_on: TriggerOn | None = None
    inputs: JsonObject | None = None
    cooldown_seconds: Seconds | None = None
    notification_config: NotificationForm | None = None
    enabled: bool | None = None


class Channel(Answer):
    """NotificationChannelConfig; its secret is shown as "redacted"."""

    channel_type: str
    channel_id: str | None = None
    config: JsonObject | None


class Notification(Answer):
    """AlertNotificationConfig."""

    channels: list[Channel]
    include_matches: bool
    include_scores: bool
    template_id: str | None = None


class Alert(Answer):
    """AlertResponse; `is_raised`: the condition held when last looked at. `last_error`: why it cannot be looked at."""

    alert_id: str
    namespace_id: str
    name: str
    description: str | None
    source: Source
    retriever_id: str | None
    trigger_on: TriggerOn
    min_count: int | None
    threshold: JsonObject | None
    inputs: JsonObject | None
    cooldown_seconds: int
    renotify_interval_seconds: int | None
    last_fired_at: datetime | None
    system_condition: JsonObject | None
    namespace_selector: JsonObject | None
    notification_config: Notification
    enabled: bool
    created_at: datetime
    updated_at: datetime
    metadata: JsonObject | None
    status: Literal["active", "failing", "disabled"]
    is_raised: bool
    last_evaluated_at: datetime | None
    last_error: str | None


class AlertStats(Answer):
    """AlertListStats, of all alerts of the namespace."""

    total_alerts: int = 0
    enabled_alerts: int = 0
    disabled_alerts: int = 0
    alerts_by_channel_type: dict[str, int] = Field(default_factory=dict)


class AlertList(Answer):
    """ListAlertsResponse."""

    results: list[Alert]
    pagination: Pagination
    total_count: int
    stats: AlertStats
    warnings: list[Degraded] = Field(default_factory=list)


class AlertDeleted(Answer):
    """What was deleted."""

    message: str
    success: bool = True
    alert_id: str
