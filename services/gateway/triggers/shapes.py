"""Triggers: what is done by the clock, after events, or when documents have changed."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Literal, cast

import asyncpg
from pydantic import ConfigDict, Field, field_validator

from services.common.triggers.actions import ActionType
from services.common.triggers.schedules import EVENT, TriggerType
from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

INTERNAL = "self-hosted"
# `failed` is what the server says of a trigger that it has given up.
Wanted = Literal["active", "paused", "disabled"]
Status = Literal["active", "paused", "disabled", "failed"]
Name = Annotated[str | None, Field(max_length=255)]
Description = Annotated[str | None, Field(max_length=10_000)]
Offset = Annotated[int, Field(ge=0, le=1_000_000_000)]
Limit = Annotated[int, Field(ge=1, le=1000)]
PAGE = 50
SORTABLE = (
    *("created_at", "updated_at", "name", "status", "action_type", "trigger_type", "next_scheduled_at"),
    *("last_triggered_at", "execution_count", "consecutive_failures"),
)


class TriggerCreate(Form):
    """CreateTriggerRequest; what the two configs hold depends on their types."""

    action_type: ActionType
    action_config: JsonObject
    trigger_type: TriggerType
    schedule_config: JsonObject
    name: Name = None
    description: Description = None
    status: Wanted | None = None


class TriggerPatch(Form):
    """UpdateTriggerRequest: what is given is changed. As in the contract, unknown keys are refused."""

    model_config = ConfigDict(extra="forbid")

    schedule_config: JsonObject | None = None
    name: Name = None
    description: Description = None
    status: Wanted | None = None


class TriggerPage(Form):
    """Which part of a list of triggers is wanted, and in which order; the total is always told."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {"include_total": IDLE}

    trigger_type: TriggerType | None = None
    status: Status | None = None
    offset: Offset | None = None
    limit: Limit | None = None
    sort_by: Annotated[str | None, Field(description=f"One of {', '.join(SORTABLE)}")] = None
    direction: Annotated[str | None, Field(pattern="^(?i:asc|desc)$")] = None

    @field_validator("sort_by")
    @classmethod
    def _sortable(cls, value: str | None) -> str | None:
        if value is not None and value not in SORTABLE:
            message = f"must be one of {', '.join(SORTABLE)}"
            raise ValueError(message)
        return value

    def asked(self) -> JsonObject:
        """All of it, with defaults in place."""
        given = self.model_dump(exclude_none=True)
        defaults = {"offset": 0, "limit": PAGE, "sort_by": "created_at"}
        return {**defaults, **given, "direction": (self.direction or "desc").lower()}


class TriggerQuery(TriggerPage):
    """ListTriggersRequest."""

    action_type: ActionType | None = None
    resource_id: Annotated[str | None, Field(max_length=255, description="What the action is done to")] = None


class Trigger(Answer):
    """TriggerModel; `created_by` is the id of a key."""

    trigger_id: str
    namespace_id: str
    internal_id: str = INTERNAL
    action_type: str
    action_config: JsonObject
    trigger_type: str
    schedule_config: JsonObject
    status: str
    last_triggered_at: datetime | None
    last_execution_task_id: str | None
    next_scheduled_at: datetime | None
    execution_count: int
    consecutive_failures: int
    last_execution_status: str | None
    last_execution_error: str | None
    event_counter: int
    last_cooldown_at: datetime | None
    baseline_snapshot: JsonObject | None
    last_drift_measurement: JsonObject | None
    last_volume_measurement: JsonObject | None
    last_condition_check_at: datetime | None
    name: str | None
    description: str | None
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    is_overdue: bool
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of its filter that nothing has")


class TriggerList(Answer):
    """ListTriggersResponse."""

    results: list[Trigger]
    total: int
    offset: int
    limit: int


class Execution(Answer):
    """TriggerExecutionHistory; `task_id` of one that was skipped is that of the execution that still ran."""

    task_id: str
    triggered_at: datetime
    status: str
    execution_time_ms: int | None
    error: str | None


class TriggerHistory(Answer):
    """TriggerHistoryResponse, the newest first."""

    trigger_id: str
    executions: list[Execution]
    total: int
    offset: int
    limit: int


def to_trigger(row: asyncpg.Record) -> Trigger:
    """A trigger from its row."""
    same = set(Trigger.model_fields) - {"internal_id", "is_overdue", "warnings"}
    return Trigger(**{name: row[name] for name in same}, is_overdue=_is_overdue(row))


def _is_overdue(row: asyncpg.Record) -> bool:
    """Whether the clock should have fired it already."""
    due = row["next_scheduled_at"]
    return row["status"] == "active" and row["trigger_type"] != EVENT and due is not None and due < datetime.now(UTC)


def to_execution(row: asyncpg.Record) -> Execution:
    """An execution from its row."""
    return Execution(task_id=row["task_id"], **execution_of(row))


def execution_of(row: asyncpg.Record) -> dict[str, Any]:
    """What either history says of an execution."""
    took = None if row["ended_at"] is None else row["ended_at"] - row["triggered_at"]
    return {
        "triggered_at": row["triggered_at"],
        "status": row["now_status"],
        "execution_time_ms": None if took is None else round(1000 * cast(float, took.total_seconds())),
        "error": row["error"],
    }
