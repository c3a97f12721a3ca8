"""What a cluster found: its groups, and where their documents lie."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.gateway.clusters.executions.routes import cluster_of
from services.gateway.clusters.executions.store import completed_run, read_groups
from services.gateway.clusters.groups.shapes import Groups, Visualization, to_groups, to_picture
from services.gateway.clusters.groups.store import count_members, sample_members
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Clusters", "/clusters/{cluster}")
OfRun = Annotated[str | None, Query(description="Of this execution; of the last completed one when absent")]
MOST_POINTS = 50_000


@router.get("/groups")
async def cluster_groups(cluster: str, tenant: InNamespace, run_id: OfRun = None) -> Groups:
    """The groups that were found, the largest first."""
    cluster_id = await cluster_of(tenant, cluster)
    async with snapshot(tenant.gateway.queries, "query") as db:
        run = await completed_run(db, cluster_id, run_id)
        groups = await read_groups(db, [run["base_run_id"]])
    return to_groups(run, groups[run["base_run_id"]])


@router.get("/visualization")
async def cluster_visualization(
    cluster: str,
    tenant: InNamespace,
    *,
    max_points: Annotated[int, Query(ge=1, le=MOST_POINTS)] = 10_000,
    centroids_only: bool = False,
    compact: Annotated[bool, Query(description="Members as parallel lists")] = False,
    run_id: OfRun = None,
) -> Visualization:
    """A picture of the groups in two or three dimensions."""
    cluster_id = await cluster_of(tenant, cluster)
    async with snapshot(tenant.gateway.queries, "query") as db:
        run = await completed_run(db, cluster_id, run_id)
        base = run["base_run_id"]
        groups = await read_groups(db, [base])
        members = [] if centroids_only else await sample_members(db, base, max_points)
        counts = await count_members(db, base)
    return to_picture(run, groups[base], members, counts, compact=compact)
