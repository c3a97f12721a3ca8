"""A task as its handler sees it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from services.common.database.pool import Pool

JsonObject = dict[str, Any]


class TaskCanceledError(Exception):
    """Somebody asked for the task to stop; what it has done so far stays."""


class TaskWaitsError(Exception):
    """Nothing can be done now: run the task again after `seconds`; no attempt is counted."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"in {seconds} s")
        self.seconds = seconds


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run of a task. `additional_data` is what earlier progress left, so that a second run can go on from it."""

    pool: Pool
    task_id: str
    namespace_id: str | None
    inputs: JsonObject
    additional_data: JsonObject

    async def progress(self, **changes: Any) -> None:
        """Merges `changes` into what the task says of itself; raises TaskCanceledError when it is to stop."""
        canceled = await self.pool.fetchval(
            """UPDATE tasks SET additional_data = additional_data || $2, updated_at = now()
               WHERE task_id = $1 RETURNING cancel_requested""",
            self.task_id,
            changes,
        )
        if canceled is not False:
            raise TaskCanceledError(self.task_id)


@dataclass(frozen=True, kw_only=True)
class Done:
    """How a task ended well; `had_errors` when part of what it was to do could not be done."""

    outputs: JsonObject
    had_errors: bool = False


Handler = Callable[[Task], Awaitable[Done]]
"""Must bear being run again from its start, and from wherever it was when its worker died."""
