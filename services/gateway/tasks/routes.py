"""Tasks; they belong to the organization, so no X-Namespace is needed."""

from typing import Annotated

from fastapi import Query

from services.gateway.kit.access.permissions import READ
from services.gateway.kit.context import Identified, Identity
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListQuery
from services.gateway.kit.shapes import Deleted
from services.gateway.tasks.shapes import TaskList, TaskListBody, TaskOut, to_task
from services.gateway.tasks.store import LIST_TASKS, SEARCH_TASKS, SEEN, get_task, kill_task

router = routes_of("Tasks", "/tasks")
MATCHES = f"{SEEN} AND ($2::text IS NULL OR t.status = $2) AND ($3::text IS NULL OR t.task_type = $3)"


@router.get("")
async def list_tasks(caller: Identified, query: Annotated[ListQuery, Query()]) -> TaskList:
    """Lists tasks."""
    return await _list(caller, query, None)


@router.post("/list")
async def list_tasks_by_body(
    caller: Identified, query: Annotated[ListQuery, Query()], body: TaskListBody | None = None
) -> TaskList:
    """Lists tasks, as the optional body says."""
    return await _list(caller, query, body)


async def _list(caller: Identity, query: ListQuery, body: TaskListBody | None) -> TaskList:
    status, task_type = (body.status, body.task_type) if body else (None, None)
    found = await listed(
        caller.gateway.queries,
        LIST_TASKS,
        query,
        body,
        where=MATCHES,
        values=(namespaces_of(caller), status, task_type),
        search_sql=SEARCH_TASKS,
    )
    return TaskList(results=found.shaped(to_task), pagination=found.pagination)


def namespaces_of(caller: Identity) -> list[str] | None:
    """The namespaces whose tasks the key may read, whatever else it may do there; None for all of them."""
    namespaces = caller.key.namespaces
    return None if namespaces is None else [each for each in sorted(namespaces) if caller.key.may(READ, each)]


@router.get("/{task_id}")
async def read_task(task_id: str, caller: Identified) -> TaskOut:
    """One task, with its progress."""
    return to_task(await get_task(caller.gateway.pool, task_id, namespaces_of(caller)))


@router.delete("/{task_id}")
async def delete_task(task_id: str, caller: Identified) -> Deleted:
    """Kills a task; what it has done so far stays. One that has ended is left as it is."""
    task = await get_task(caller.gateway.pool, task_id, namespaces_of(caller))
    if task["namespace_id"] is not None:
        caller.require(task["namespace_id"])
    await kill_task(caller.gateway.pool, task)
    return Deleted(message=f"Task {task_id} is stopped.")
