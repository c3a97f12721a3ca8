"""The older form of triggers, which knows only those that execute clusters."""

from datetime import datetime
from typing import Annotated

import asyncpg
from pydantic import Field

from services.common.triggers.schedules import TriggerType
from services.gateway.kit.shapes import Answer, Form, JsonObject
from services.gateway.triggers.shapes import (
    INTERNAL,
    PAGE,
    Description,
    Limit,
    Offset,
    TriggerPage,
    Wanted,
    execution_of,
)

Identifier = Annotated[str, Field(min_length=1, max_length=255)]


class ExecutionConfig(Form):
    """TriggerExecutionConfig: `config` names the `algorithm` and holds its parameters."""

    collection_ids: Annotated[list[Identifier], Field(min_length=1, max_length=100)]
    config: JsonObject


class ClusterTriggerCreate(Form):
    """CreateTriggerRequest of clusters: a cluster, or what to make one from."""

    cluster_id: Identifier | None = None
    execution_config: ExecutionConfig | None = None
    trigger_type: TriggerType
    schedule_config: JsonObject
    description: Description = None
    status: Wanted | None = None


class ClusterTriggerPatch(Form):
    """UpdateTriggerRequest of clusters."""

    schedule_config: JsonObject | None = None
    description: Description = None
    status: Wanted | None = None


class ClusterTriggerQuery(TriggerPage):
    """ListTriggersRequest of clusters."""

    cluster_id: Annotated[str | None, Field(max_length=255)] = None


class HistoryQuery(Form):
    """TriggerHistoryRequest."""

    offset: Offset | None = None
    limit: Limit | None = None
    status_filter: Annotated[str | None, Field(max_length=100)] = None

    def page(self) -> dict[str, int]:
        """Where the page begins and how long it is."""
        return {"offset": self.offset or 0, "limit": self.limit or PAGE}


class ClusterTrigger(Answer):
    """TriggerModel of clusters; a job is what a task is elsewhere."""

    trigger_id: str
    cluster_id: str
    namespace_id: str
    internal_id: str = INTERNAL
    execution_config: JsonObject
    trigger_type: str
    schedule_config: JsonObject
    status: str
    last_triggered_at: datetime | None
    last_execution_job_id: str | None
    next_scheduled_at: datetime | None
    execution_count: int
    consecutive_failures: int
    last_execution_status: str | None
    last_execution_error: str | None
    event_counter: int
    last_cooldown_at: datetime | None
    created_at: datetime
    updated_at: datetime
    created_by: str | None
    description: str | None


class ClusterTriggerList(Answer):
    """ListTriggersResponse of clusters."""

    results: list[ClusterTrigger]
    total: int
    offset: int
    limit: int


class ClusterExecution(Answer):
    """TriggerExecutionHistoryItem."""

    job_id: str
    triggered_at: datetime
    status: str
    execution_time_ms: int | None
    error: str | None
    num_clusters: int | None
    num_documents: int | None


class ClusterTriggerHistory(Answer):
    """TriggerHistoryResponse of clusters, the newest first."""

    trigger_id: str
    executions: list[ClusterExecution]
    total: int
    offset: int
    limit: int


def to_cluster_trigger(row: asyncpg.Record) -> ClusterTrigger:
    """A trigger from its row."""
    own = {"internal_id", "cluster_id", "last_execution_job_id"}
    return ClusterTrigger(
        **{name: row[name] for name in set(ClusterTrigger.model_fields) - own},
        cluster_id=row["resource_id"],
        last_execution_job_id=row["last_execution_task_id"],
    )


def to_cluster_execution(row: asyncpg.Record) -> ClusterExecution:
    """An execution from its row."""
    return ClusterExecution(
        job_id=row["task_id"],
        num_clusters=row["num_clusters"],
        num_documents=row["num_points"],
        **execution_of(row),
    )
