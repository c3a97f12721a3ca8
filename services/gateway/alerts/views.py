"""Alerts and their executions as the contract shows them, from their rows."""

from collections.abc import Mapping
from datetime import UTC
from typing import Any, Literal

import asyncpg

from services.gateway.alerts.channels import shown_notification
from services.gateway.alerts.executions.shapes import AlertExecution, ChannelDelivery, Match
from services.gateway.alerts.shapes import Alert

SAME = (
    *("alert_id", "namespace_id", "description", "source", "trigger_on", "min_count", "threshold", "inputs"),
    *("cooldown_seconds", "renotify_interval_seconds", "last_fired_at", "system_condition", "namespace_selector"),
    *("enabled", "created_at", "updated_at", "metadata", "is_raised", "last_evaluated_at"),
)
SAME_OF_EXECUTION = (
    *("alert_id", "collection_id", "execution_id", "triggered", "match_count", "source_documents", "duration_ms"),
    *("fired", "error", "details", "evaluations"),
)
NOT_CONFIGURED = "not_configured"
DeliveryStatus = Literal["delivered", "failed", "deferred", "not_configured"]


def to_alert(row: asyncpg.Record) -> Alert:
    """An alert from its row, its secrets left out."""
    return Alert(
        **{name: row[name] for name in SAME},
        name=row["alert_name"],
        retriever_id=row["retriever_id"] or row["retriever_identifier"],
        notification_config=shown_notification(row["notification_config"]),
        status=_status(row),
        last_error=row["fault"],
    )


def _status(row: asyncpg.Record) -> Literal["active", "failing", "disabled"]:
    if not row["enabled"]:
        return "disabled"
    return "active" if row["fault"] is None else "failing"


def to_execution(row: asyncpg.Record) -> AlertExecution:
    """An execution from its row with `deliveries`."""
    matches = row["matches"]
    return AlertExecution(
        **{name: row[name] for name in SAME_OF_EXECUTION},
        matches=None if matches is None else [Match(**match) for match in matches],
        executed_at=row["executed_at"].astimezone(UTC).isoformat().replace("+00:00", "Z"),
        deliveries=[_delivery(each) for each in row["deliveries"] or []] if row["fired"] else None,
        status="completed" if row["error"] is None else "failed",
    )


def _delivery(stored: Mapping[str, Any]) -> ChannelDelivery:
    error = stored["error"]
    return ChannelDelivery(channel_type=stored["channel_type"], status=_outcome(stored["status"], error), error=error)


def _outcome(status: str, error: str | None) -> DeliveryStatus:
    match status:
        case "delivered":
            return "delivered"
        case "pending":
            return "deferred"
    return "not_configured" if (error or "").startswith(NOT_CONFIGURED) else "failed"
