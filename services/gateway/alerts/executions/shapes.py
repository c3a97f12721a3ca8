"""What came of looking at alerts."""

from typing import Literal

from pydantic import Field

from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Degraded, JsonObject


class Match(Answer):
    """AlertMatchResult: `asset_id` is the object, `metadata` are fields of the document; a filter's score is 1.0."""

    document_id: str
    asset_id: str | None = None
    score: float = Field(ge=0, le=1)
    matched_features: JsonObject | None = None
    metadata: JsonObject | None = None


class ChannelDelivery(Answer):
    """AlertChannelDelivery; what is still to be told, or is tried again, is deferred."""

    channel_type: str
    status: Literal["delivered", "failed", "deferred", "not_configured"]
    error: str | None = None


class AlertExecution(Answer):
    """AlertExecutionResult: `triggered`, the condition held; `fired`, somebody was told, as `deliveries` say.

    `evaluations` counts how often in a row the same was found; `error` says why the condition could not be looked at.
    """

    alert_id: str
    collection_id: str
    execution_id: str
    triggered: bool
    match_count: int
    matches: list[Match] | None
    source_documents: list[str] | None
    executed_at: str
    duration_ms: int
    deliveries: list[ChannelDelivery] | None
    fired: bool
    status: Literal["completed", "failed"]
    error: str | None
    details: JsonObject | None
    evaluations: int


class AlertExecutionList(Answer):
    """AlertExecutionListResponse."""

    results: list[AlertExecution]
    pagination: Pagination
    total_count: int
    warnings: list[Degraded] = Field(default_factory=list)
