"""Triggers: what is done by the clock, after events, or when documents have changed."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import unresolved
from services.gateway.kit.rows.trigger_rows import insert_trigger
from services.gateway.tasks.shapes import TaskOut, to_task
from services.gateway.tasks.store import get_task
from services.gateway.triggers.changes import execute_now, patch_trigger, pause_trigger, remove_trigger, resume_trigger
from services.gateway.triggers.plans import ACTIVE, Asked, plan_trigger
from services.gateway.triggers.shapes import (
    PAGE,
    Limit,
    Offset,
    Trigger,
    TriggerCreate,
    TriggerHistory,
    TriggerList,
    TriggerPatch,
    TriggerQuery,
    to_execution,
    to_trigger,
)
from services.gateway.triggers.store import get_trigger, list_executions, list_triggers, lock_trigger
from services.gateway.triggers.unknown_field_warnings import unknown_in_action

router = routes_of("Triggers", "/triggers")


@router.post("")
async def create_trigger(form: TriggerCreate, tenant: InNamespace) -> Trigger:
    """Creates a trigger; everything that its action names must be there."""
    asked = Asked(**{**form.model_dump(), "status": form.status or ACTIVE}, created_by=tenant.key_id)
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        new = await plan_trigger(connection, tenant.namespace_id, asked)
        made = to_trigger(await insert_trigger(connection, new))
    warnings = await unknown_in_action(tenant, made.action_type, made.action_config)
    return made.model_copy(update={"warnings": warnings})


@router.get("")
async def list_all_triggers(
    tenant: InAnyNamespace, query: Annotated[TriggerQuery, Query()], request: Request, response: Response
) -> TriggerList:
    """Lists triggers, the newest first."""
    return await _list(tenant, query, request, response)


@router.post("/list")
async def list_triggers_by_body(
    tenant: InAnyNamespace, request: Request, response: Response, body: TriggerQuery | None = None
) -> TriggerList:
    """Lists triggers, as the optional body says."""
    return await _list(tenant, body or TriggerQuery(), request, response)


async def _list(tenant: Tenant | None, query: TriggerQuery, request: Request, response: Response) -> TriggerList:
    asked = query.asked()
    page = {name: asked[name] for name in ("offset", "limit")}
    if tenant is None:
        unresolved(response, request.headers["x-namespace"])
        return TriggerList(results=[], total=0, **page)
    found = await list_triggers(tenant.gateway.queries, tenant.namespace_id, asked)
    return TriggerList(results=[to_trigger(row) for row in found.rows], total=found.total, **page)


@router.get("/{trigger_id}")
async def read_trigger(trigger_id: str, tenant: InNamespace) -> Trigger:
    """One trigger, with how its executions fare."""
    return to_trigger(await get_trigger(tenant.gateway.pool, tenant.namespace_id, trigger_id))


@router.patch("/{trigger_id}")
async def update_trigger(trigger_id: str, form: TriggerPatch, tenant: InNamespace) -> Trigger:
    """Changes what is given; another action takes another trigger."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id)
        return to_trigger(await patch_trigger(connection, row, form.model_dump(exclude_none=True)))


@router.delete("/{trigger_id}", status_code=204)
async def delete_trigger(trigger_id: str, tenant: InNamespace) -> Response:
    """Deletes a trigger with its history; what it has started goes on."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        await remove_trigger(connection, await lock_trigger(connection, tenant.namespace_id, trigger_id))
    return Response(status_code=204)


@router.post("/{trigger_id}/pause")
async def pause(trigger_id: str, tenant: InNamespace) -> Trigger:
    """Nothing fires until the trigger is resumed; what runs goes on."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id)
        return to_trigger(await pause_trigger(connection, row))


@router.post("/{trigger_id}/resume")
async def resume(trigger_id: str, tenant: InNamespace) -> Trigger:
    """Fires again from now on, also after too many failures; what was missed is not made up for."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id)
        return to_trigger(await resume_trigger(connection, row))


@router.post("/{trigger_id}/execute")
async def execute_trigger(trigger_id: str, tenant: InNamespace) -> TaskOut:
    """Executes the action now, whatever the schedule and the status; 409 while an execution still runs."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id)
        task_id = await execute_now(connection, row)
        return to_task(await get_task(connection, task_id, [tenant.namespace_id]))


@router.get("/{trigger_id}/history")
async def read_history(
    trigger_id: str,
    tenant: InNamespace,
    offset: Annotated[Offset, Query()] = 0,
    limit: Annotated[Limit, Query()] = PAGE,
) -> TriggerHistory:
    """The executions of a trigger, the newest first; of each trigger the last 1000 are kept."""
    await get_trigger(tenant.gateway.pool, tenant.namespace_id, trigger_id)
    found = await list_executions(tenant.gateway.queries, trigger_id, None, limit, offset)
    executions = [to_execution(row) for row in found.rows]
    return TriggerHistory(trigger_id=trigger_id, executions=executions, total=found.total, offset=offset, limit=limit)
