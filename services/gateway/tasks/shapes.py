"""Tasks: work that outlasts the request that asked for it."""

from typing import Annotated, Literal, get_args

import asyncpg
from pydantic import Field, field_validator

from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Answer, JsonObject

TaskStatus = Literal[
    "PENDING", "QUEUED", "IN_PROGRESS", "PROCESSING", "COMPLETED", "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"
]
STATUSES = frozenset(get_args(TaskStatus))


class TaskListBody(ListBody):
    """ListTasksRequest; `status` and `task_type` in any letter case."""

    status: Annotated[str | None, Field(max_length=100)] = None
    task_type: Annotated[str | None, Field(max_length=100)] = None

    @field_validator("status")
    @classmethod
    def _upper(cls, value: str | None) -> str | None:
        return value.upper() if value else None

    @field_validator("task_type")
    @classmethod
    def _lower(cls, value: str | None) -> str | None:
        return value.lower() if value else None


class TaskOut(Answer):
    """TaskResponse: `additional_data.progress` says how far it is."""

    task_id: str
    task_type: str
    status: str
    inputs: list[JsonObject] | None
    outputs: list[JsonObject] | None
    additional_data: JsonObject
    error: str | None


class TaskList(Answer):
    """ListTasksResponse."""

    results: list[TaskOut]
    pagination: Pagination


def to_task(row: asyncpg.Record) -> TaskOut:
    """A task from its row."""
    times = {name: row[name].isoformat() for name in ("created_at", "updated_at")}
    failure = {} if row["error"] is None else {"error": row["error"]}
    return TaskOut(
        task_id=row["task_id"],
        task_type=row["task_type"],
        status=row["status"],
        inputs=[row["inputs"]] if row["inputs"] else None,
        outputs=[row["outputs"]] if row["outputs"] else None,
        additional_data={**row["additional_data"], **times, **failure},
        error=row["error"],
    )
