"""Executions of clusters: how each went, what people call them and their groups."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.gateway.clusters.executions import store
from services.gateway.clusters.executions.shapes import (
    Execution,
    ExecutionCanceled,
    ExecutionList,
    LabelsPatch,
    LabelsPatched,
    NamePatch,
    NamePatched,
    stats_of,
    to_execution,
)
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed
from services.gateway.kit.lists.shapes import ListBody, ListQuery

router = routes_of("Clusters", "/clusters/{cluster}/executions")
WithVectors = Annotated[bool, Query(description="Also the vectors of the centroids")]


async def cluster_of(tenant: Tenant, cluster: str) -> str:
    """The id of the cluster that the path names."""
    row = await get_row(tenant.gateway.pool, "cluster", tenant.namespace_id, cluster)
    return str(row["cluster_id"])


async def run_of(tenant: Tenant, cluster: str, run_id: str) -> asyncpg.Record:
    """The run that the path names."""
    return await store.read_run(tenant.gateway.pool, await cluster_of(tenant, cluster), run_id)


async def _shown(tenant: Tenant, cluster: str, run_id: str | None, *, vectors: bool) -> Execution:
    """The execution that is named, or the last one, with its groups."""
    cluster_id = await cluster_of(tenant, cluster)
    async with snapshot(tenant.gateway.queries) as db:
        row = await (store.latest_run(db, cluster_id) if run_id is None else store.read_run(db, cluster_id, run_id))
        groups = await store.read_groups(db, [row["base_run_id"]])
    return to_execution(row, groups[row["base_run_id"]], vectors=vectors)


@router.get("")
async def latest_execution(cluster: str, tenant: InNamespace, include_vectors: WithVectors = False) -> Execution:
    """The last execution, whatever became of it."""
    return await _shown(tenant, cluster, None, vectors=include_vectors)


@router.post("/list")
async def list_executions(
    cluster: str, tenant: InNamespace, query: Annotated[ListQuery, Query()], body: ListBody | None = None
) -> ExecutionList:
    """Lists the executions of a cluster; the newest first where no order is asked for."""
    cluster_id = await cluster_of(tenant, cluster)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            store.LIST_RUNS,
            newest_first(query, body),
            body,
            where="r.cluster_id = $1",
            values=(cluster_id,),
            search_sql=store.SEARCH_RUNS,
        )
        groups = await store.read_groups(db, [row["base_run_id"] for row in found.page.rows])
        stats = stats_of(await db.fetch(store.STATS, cluster_id))
    return ExecutionList(
        results=found.shaped(lambda row: to_execution(row, groups[row["base_run_id"]])),
        pagination=found.pagination,
        total_count=stats.total_executions,
        stats=stats,
    )


def newest_first(query: ListQuery, body: ListBody | None) -> ListQuery:
    """The query, with an order where neither it nor the body has one."""
    if query.sort or query.sort_by or (body is not None and (body.sort or body.sort_by)):
        return query
    return query.model_copy(update={"sort": "created_at:desc"})


@router.get("/{run_id}")
async def read_execution(
    cluster: str, run_id: str, tenant: InNamespace, include_vectors: WithVectors = False
) -> Execution:
    """One execution."""
    return await _shown(tenant, cluster, run_id, vectors=include_vectors)


@router.patch("/{run_id}/labels")
async def label_groups(cluster: str, run_id: str, form: LabelsPatch, tenant: InNamespace) -> LabelsPatched:
    """Calls groups otherwise; shown wherever their labels are."""
    row = await run_of(tenant, cluster, run_id)
    overrides = await store.relabel(tenant.gateway.pool, row, form.labels)
    return LabelsPatched(cluster_id=row["cluster_id"], run_id=run_id, label_overrides=overrides)


@router.patch("/{run_id}/name")
async def name_execution(cluster: str, run_id: str, form: NamePatch, tenant: InNamespace) -> NamePatched:
    """Names an execution."""
    row, name = await run_of(tenant, cluster, run_id), form.run_name.strip() or None
    await store.rename(tenant.gateway.pool, row, name)
    return NamePatched(cluster_id=row["cluster_id"], run_id=run_id, run_name=name)


@router.post("/{run_id}/cancel")
async def cancel_execution(cluster: str, run_id: str, tenant: InNamespace) -> ExecutionCanceled:
    """Stops an execution that has not ended."""
    row = await run_of(tenant, cluster, run_id)
    await store.cancel(tenant.gateway.pool, row)
    message = f"Canceled execution {run_id}."
    return ExecutionCanceled(message=message, cluster_id=row["cluster_id"], run_id=run_id, status="canceled")
