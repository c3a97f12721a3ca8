"""The older form of triggers, which knows only those that execute clusters; the same ones as under /triggers."""

from fastapi import Request, Response

from services.common.errors import InvalidArgumentError
from services.common.triggers.actions import CLUSTER
from services.common.triggers.config_forms import read_form
from services.common.triggers.schedules import read_schedule
from services.gateway.clusters.plans import plan_cluster
from services.gateway.clusters.shapes import ClusterCreate
from services.gateway.clusters.store import create_cluster
from services.gateway.clusters.triggers.shapes import (
    ClusterTrigger,
    ClusterTriggerCreate,
    ClusterTriggerHistory,
    ClusterTriggerList,
    ClusterTriggerPatch,
    ClusterTriggerQuery,
    ExecutionConfig,
    HistoryQuery,
    to_cluster_execution,
    to_cluster_trigger,
)
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import unresolved
from services.gateway.kit.rows.trigger_rows import insert_trigger
from services.gateway.triggers.changes import patch_trigger, pause_trigger, remove_trigger, resume_trigger
from services.gateway.triggers.plans import ACTIVE, PATH, Asked, plan_trigger
from services.gateway.triggers.store import get_trigger, list_executions, list_triggers, lock_trigger

router = routes_of("Cluster Triggers", "/clusters/triggers")
CONFIG_PATH = "body.execution_config"
# The older word for it.
ALGORITHMS = {"hierarchical": "agglomerative"}


@router.post("")
async def create_cluster_trigger(form: ClusterTriggerCreate, tenant: InNamespace) -> ClusterTrigger:
    """Creates a trigger for a cluster; where none is named, a cluster is made from the execution_config."""
    read_schedule(form.trigger_type, form.schedule_config, PATH)
    cluster_id = form.cluster_id or await _made(tenant, form.execution_config)
    asked = Asked(
        action_type=CLUSTER,
        action_config={"cluster_id": cluster_id},
        trigger_type=form.trigger_type,
        schedule_config=form.schedule_config,
        description=form.description,
        status=form.status or ACTIVE,
        created_by=tenant.key_id,
    )
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        return to_cluster_trigger(
            await insert_trigger(connection, await plan_trigger(connection, tenant.namespace_id, asked))
        )


async def _made(tenant: Tenant, given: ExecutionConfig | None) -> str:
    """A cluster made as the config says."""
    if given is None:
        path = "body.cluster_id"
        raise InvalidArgumentError(f"{path} or {CONFIG_PATH} is needed.", path=path)
    parameters = {name: value for name, value in given.config.items() if name != "algorithm"}
    algorithm = given.config.get("algorithm")
    method = ALGORITHMS.get(algorithm, algorithm) if isinstance(algorithm, str) else algorithm
    described = {
        "collection_ids": given.collection_ids,
        "vector_config": {"clustering_method": method, "algorithm_params": parameters},
    }
    form = read_form(ClusterCreate, described, CONFIG_PATH)
    return await create_cluster(tenant.gateway.pool, await plan_cluster(tenant, form))


@router.post("/list")
async def list_cluster_triggers(
    tenant: InAnyNamespace, request: Request, response: Response, body: ClusterTriggerQuery | None = None
) -> ClusterTriggerList:
    """Lists the triggers of clusters, as the optional body says."""
    asked = (body or ClusterTriggerQuery()).asked()
    page = {name: asked[name] for name in ("offset", "limit")}
    if tenant is None:
        unresolved(response, request.headers["x-namespace"])
        return ClusterTriggerList(results=[], total=0, **page)
    wanted = {**asked, "action_type": CLUSTER, "resource_id": asked.get("cluster_id")}
    found = await list_triggers(tenant.gateway.queries, tenant.namespace_id, wanted)
    return ClusterTriggerList(results=[to_cluster_trigger(row) for row in found.rows], total=found.total, **page)


@router.get("/{trigger_id}")
async def read_cluster_trigger(trigger_id: str, tenant: InNamespace) -> ClusterTrigger:
    """One trigger of a cluster."""
    return to_cluster_trigger(await get_trigger(tenant.gateway.pool, tenant.namespace_id, trigger_id, CLUSTER))


@router.patch("/{trigger_id}")
async def update_cluster_trigger(trigger_id: str, form: ClusterTriggerPatch, tenant: InNamespace) -> ClusterTrigger:
    """Changes what is given."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id, CLUSTER)
        return to_cluster_trigger(await patch_trigger(connection, row, form.model_dump(exclude_none=True)))


@router.delete("/{trigger_id}", status_code=204)
async def delete_cluster_trigger(trigger_id: str, tenant: InNamespace) -> Response:
    """Deletes a trigger with its history; the cluster stays."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        await remove_trigger(connection, await lock_trigger(connection, tenant.namespace_id, trigger_id, CLUSTER))
    return Response(status_code=204)


@router.post("/{trigger_id}/pause")
async def pause_cluster_trigger(trigger_id: str, tenant: InNamespace) -> ClusterTrigger:
    """Nothing fires until the trigger is resumed; what runs goes on."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id, CLUSTER)
        return to_cluster_trigger(await pause_trigger(connection, row))


@router.post("/{trigger_id}/resume")
async def resume_cluster_trigger(trigger_id: str, tenant: InNamespace) -> ClusterTrigger:
    """Fires again from now on, also after too many failures."""
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        row = await lock_trigger(connection, tenant.namespace_id, trigger_id, CLUSTER)
        return to_cluster_trigger(await resume_trigger(connection, row))


@router.post("/{trigger_id}/history")
async def read_cluster_history(
    trigger_id: str, tenant: InNamespace, body: HistoryQuery | None = None
) -> ClusterTriggerHistory:
    """The executions of a trigger, the newest first."""
    await get_trigger(tenant.gateway.pool, tenant.namespace_id, trigger_id, CLUSTER)
    asked = body or HistoryQuery()
    page = asked.page()
    found = await list_executions(
        tenant.gateway.queries, trigger_id, asked.status_filter, page["limit"], page["offset"]
    )
    executions = [to_cluster_execution(row) for row in found.rows]
    return ClusterTriggerHistory(trigger_id=trigger_id, executions=executions, total=found.total, **page)
