"""Clusters: groups of like documents, found before anybody has a name for them."""

from typing import Annotated

import asyncpg
from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.clusters.cluster_runs import start_run
from services.common.errors import InvalidArgumentError
from services.common.filters import parse
from services.gateway.clusters import store
from services.gateway.clusters.config import known_parameters
from services.gateway.clusters.plans import native_filters, plan_cluster
from services.gateway.clusters.shapes import ClusterCreate, ClusterExecute, ClusterPatch
from services.gateway.clusters.views import (
    Cluster,
    ClusterConfig,
    ClusterDeleted,
    ClusterList,
    ClusterStarted,
    stats_of,
    to_cluster,
    to_config,
)
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import count_of, listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.rows.dependents import dependents_of
from services.gateway.kit.shapes import Degraded, JsonObject
from services.gateway.tasks.shapes import to_task
from services.gateway.tasks.store import get_task

router = routes_of("Clusters", "/clusters")
OF_VECTORS = ("sample_size", "layout_stability", "algorithm_params")


@router.post("")
async def create_cluster(form: ClusterCreate, tenant: InNamespace) -> Cluster:
    """Creates a cluster; `POST /clusters/{cluster}/execute` runs it."""
    cluster_id = await store.create_cluster(tenant.gateway.pool, await plan_cluster(tenant, form))
    row = await store.read_cluster(tenant.gateway.pool, tenant.namespace_id, cluster_id)
    return to_cluster(row).model_copy(update={"warnings": await _unknown(tenant, row, form.filters)})


async def _unknown(tenant: Tenant, row: asyncpg.Record, filters: JsonObject | None) -> list[Degraded]:
    """What to say of a filter on fields that no document of the cluster's collections has."""
    if filters is None:
        return []
    tree = parse(filters, "body.filters", inputs=False)
    return await unknown_in_collections(tenant, row["collection_ids"], tree, is_empty=True)


@router.get("")
async def list_clusters(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> ClusterList:
    """Lists clusters."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_clusters_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> ClusterList:
    """Lists clusters, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> ClusterList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return ClusterList(results=[], total_count=0, pagination=Pagination(), stats=stats_of([]), warnings=warnings)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            store.LIST_CLUSTERS,
            query,
            body,
            where="k.namespace_id = $1",
            values=(tenant.namespace_id,),
            search_sql=store.SEARCH_CLUSTERS,
        )
        total = await count_of(db, "clusters", tenant.namespace_id)
    results = found.shaped(to_cluster)
    return ClusterList(results=results, total_count=total, pagination=found.pagination, stats=stats_of(results))


@router.get("/{cluster}")
async def get_cluster(cluster: str, tenant: InNamespace) -> Cluster:
    """One cluster, by id or name."""
    return to_cluster(await store.read_cluster(tenant.gateway.pool, tenant.namespace_id, cluster))


@router.patch("/{cluster}")
async def update_cluster(cluster: str, form: ClusterPatch, tenant: InNamespace) -> ClusterConfig:
    """Changes what is given; runs from now on go by it."""
    pool = tenant.gateway.pool
    found = await store.read_cluster(pool, tenant.namespace_id, cluster)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM clusters WHERE cluster_id = $1 FOR UPDATE", found["cluster_id"])
        row = await store.read_cluster(connection, tenant.namespace_id, found["cluster_id"])
        await store.change_cluster(connection, row, changes_of(row, form))
    row = await store.read_cluster(pool, tenant.namespace_id, found["cluster_id"])
    return to_config(row).model_copy(update={"warnings": await _unknown(tenant, row, form.filters)})


def changes_of(row: asyncpg.Record, form: ClusterPatch) -> JsonObject:
    """Columns to change by name."""
    given = form.model_fields_set
    changed: JsonObject = {name: getattr(form, name) for name in ("cluster_name", "metadata") if getattr(form, name)}
    if "description" in given:
        changed["description"] = form.description
    if "filters" in given:
        changed["filters"] = native_filters(form.filters)
    if "llm_labeling" in given:
        changed["llm_labeling"] = form.llm_labeling.stored() if form.llm_labeling else None
    if asked := [name for name in OF_VECTORS if name in given]:
        changed["config"] = _changed_config(row, form, asked)
    return changed


def _changed_config(row: asyncpg.Record, form: ClusterPatch, asked: list[str]) -> JsonObject:
    config = row["config"].get("vector_config")
    if config is None:
        path = f"body.{asked[0]}"
        raise InvalidArgumentError(f"{path} is for clusters of vectors; this one is of attributes.", path=path)
    changed = {**config, **{name: getattr(form, name) for name in asked}}
    if form.algorithm_params is not None:
        try:
            changed["algorithm_params"] = known_parameters(config["clustering_method"], form.algorithm_params)
        except ValueError as error:
            path = "body.algorithm_params"
            raise InvalidArgumentError(f"{path} {error}.", path=path) from error
    return {"vector_config": {name: value for name, value in changed.items() if value is not None}}


@router.delete("/{cluster}")
async def delete_cluster(
    cluster: str,
    tenant: InNamespace,
    cascade_output_collections: Annotated[bool, Query(description="There are none; has no effect")] = True,
) -> ClusterDeleted:
    """Deletes a cluster with its executions; documents stay as they are."""
    pool = tenant.gateway.pool
    row = await store.read_cluster(pool, tenant.namespace_id, cluster)
    identity, name = row["cluster_id"], row["cluster_name"]
    warnings = await dependents_of(pool, tenant.namespace_id, "cluster", identity, name)
    canceled = await store.delete_cluster(pool, row)
    return ClusterDeleted(
        message=f"Deleted cluster {name}.", cluster_id=identity, canceled_runs=canceled, warnings=warnings
    )


@router.post("/{cluster}/execute")
async def execute_cluster(cluster: str, tenant: InNamespace, form: ClusterExecute | None = None) -> ClusterStarted:
    """Starts a run; `inputs` of the task name it."""
    pool, asked = tenant.gateway.pool, form or ClusterExecute()
    row = await store.read_cluster(pool, tenant.namespace_id, cluster)
    async with pool.acquire() as connection, connection.transaction():
        started = await start_run(connection, row["cluster_id"], mode=asked.mode, options=options_of(asked))
    task = to_task(await get_task(pool, started.task_id, [tenant.namespace_id]))
    return ClusterStarted(**task.model_dump(), warnings=await _unknown(tenant, row, asked.filters))


def options_of(asked: ClusterExecute) -> JsonObject:
    """What holds for a run alone, as it is stored."""
    given = asked.model_dump(include=asked.model_fields_set - {"mode", "filters", "llm_labeling"}, exclude_none=True)
    if asked.filters is not None:
        given["filters"] = native_filters(asked.filters)
    if asked.llm_labeling is not None:
        given["llm_labeling"] = asked.llm_labeling.stored()
    return given
