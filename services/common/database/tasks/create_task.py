"""Tasks: work that outlasts the request that asked for it, enqueued in that request's transaction."""

from dataclasses import dataclass, field
from typing import Any

import orjson

from services.common.database.pool import Connection, Executor
from services.common.database.tasks.jobs import queue_of
from services.common.ids import new_id
from services.common.process.logs import current_request_id

JsonObject = dict[str, Any]

TASK = "task"
PENDING, IN_PROGRESS, COMPLETED = "PENDING", "IN_PROGRESS", "COMPLETED"
COMPLETED_WITH_ERRORS, FAILED, CANCELED = "COMPLETED_WITH_ERRORS", "FAILED", "CANCELED"
OPEN = (PENDING, IN_PROGRESS)


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """A task about to be stored. `kind` names the worker's handler, `task_type` is the contract's word for it."""

    kind: str
    task_type: str
    namespace_id: str | None
    inputs: JsonObject
    additional_data: JsonObject = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TaskJob:
    """Run one task."""

    task_id: str
    request_id: str = ""

    def to_payload(self) -> bytes:
        """The bytes that travel through the queue."""
        return orjson.dumps(self)

    @classmethod
    def from_payload(cls, payload: bytes) -> "TaskJob":
        """The job that `to_payload` wrote."""
        return cls(**orjson.loads(payload))


async def create_task(connection: Connection, new: NewTask) -> str:
    """Stores a task with its job, in the caller's transaction; returns its id."""
    task_id = new_id("task", 16)
    await connection.execute(
        """INSERT INTO tasks (task_id, namespace_id, kind, task_type, inputs, additional_data)
           VALUES ($1, $2, $3, $4, $5, $6)""",
        task_id,
        new.namespace_id,
        new.kind,
        new.task_type,
        new.inputs,
        new.additional_data,
    )
    job = TaskJob(task_id=task_id, request_id=current_request_id())
    await queue_of(connection).enqueue([TASK], [job.to_payload()], [0])
    return task_id


async def request_cancel(db: Executor, task_id: str) -> str | None:
    """Cancels a task that has not begun, and asks a running one to stop; its status then, None when there is none."""
    status: str | None = await db.fetchval(
        """UPDATE tasks SET cancel_requested = cancel_requested OR status = ANY($2), updated_at = now(),
             status = CASE WHEN status = 'PENDING' THEN 'CANCELED' ELSE status END
           WHERE task_id = $1 RETURNING status""",
        task_id,
        list(OPEN),
    )
    return status
