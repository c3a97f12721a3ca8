"""Downloading what an execution found."""

from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import StreamingResponse

from services.common.errors import InvalidArgumentError
from services.gateway.clusters.executions.routes import cluster_of
from services.gateway.clusters.executions.store import completed_run, read_groups
from services.gateway.clusters.exports.files import as_csv, as_json, chosen, rows_of
from services.gateway.clusters.groups.store import all_members
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Clusters", "/clusters/{cluster}/executions")
Format = Annotated[Literal["json", "csv", "parquet"], Query(description="parquet is not served")]
FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One row per group and one per member",
        "content": {
            "application/json": {"schema": {"type": "object"}},
            "text/csv": {"schema": {"type": "string"}},
        },
    }
}


@router.get("/{run_id}/export", response_class=StreamingResponse, responses=FILES)
async def export_execution(
    cluster: str,
    run_id: str,
    tenant: InNamespace,
    format: Format = "json",
    cluster_label: Annotated[str | None, Query(max_length=300, description="Only this group, by id or label")] = None,
) -> StreamingResponse:
    """The groups of an execution and all its members, as a file."""
    if format == "parquet":
        raise InvalidArgumentError("query.format: 'parquet' is not served here; use csv or json.", path="query.format")
    pool = tenant.gateway.pool
    run = await completed_run(pool, await cluster_of(tenant, cluster), run_id)
    found = await read_groups(pool, [run["base_run_id"]])
    groups = chosen(found[run["base_run_id"]], run["overrides"], cluster_label)
    numbers = None if cluster_label is None else [group["number"] for group in groups]
    pages = rows_of(groups, run["overrides"], all_members(pool, run["base_run_id"], numbers))
    headers = {"Content-Disposition": f'attachment; filename="{run_id}.{format}"', "X-Content-Type-Options": "nosniff"}
    if format == "csv":
        return StreamingResponse(as_csv(pages), media_type="text/csv", headers=headers)
    head = {"cluster_id": run["cluster_id"], "run_id": run_id}
    return StreamingResponse(as_json(head, pages), media_type="application/json", headers=headers)
