"""What came of looking at alerts: whether they triggered, what they found, who was told."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.find_resources import get_row
from services.common.errors import NotFoundError
from services.gateway.alerts.executions import store
from services.gateway.alerts.executions.shapes import AlertExecution, AlertExecutionList
from services.gateway.alerts.views import to_execution
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed, unresolved
from services.gateway.kit.lists.shapes import ListQuery, Pagination

router = routes_of("Alerts", "/alerts")
WHERE = "x.namespace_id = $1 AND ($2::text IS NULL OR x.alert_id = $2)"


@router.get("/executions")
async def list_all_executions(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> AlertExecutionList:
    """Lists the executions of all alerts, the newest first."""
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return AlertExecutionList(results=[], pagination=Pagination(), total_count=0, warnings=warnings)
    return await _list(tenant, query, None)


@router.get("/executions/{alert_execution}")
async def get_execution(alert_execution: str, tenant: InNamespace) -> AlertExecution:
    """One execution of an alert."""
    row = await store.find_execution(tenant.gateway.pool, tenant.namespace_id, alert_execution)
    if row is None:
        raise NotFoundError.of("execution", alert_execution)
    return to_execution(row)


@router.get("/{alert}/executions")
async def list_executions(alert: str, tenant: InNamespace, query: Annotated[ListQuery, Query()]) -> AlertExecutionList:
    """Lists the executions of an alert, the newest first."""
    row = await get_row(tenant.gateway.pool, "alert", tenant.namespace_id, alert)
    return await _list(tenant, query, row["alert_id"])


@router.get("/{alert}/results")
async def get_latest_result(alert: str, tenant: InNamespace) -> AlertExecution:
    """The latest execution of an alert; 404 while it has not been looked at yet."""
    row = await get_row(tenant.gateway.pool, "alert", tenant.namespace_id, alert)
    latest = await store.latest_execution(tenant.gateway.pool, row["alert_id"])
    if latest is None:
        message = f"Alert '{alert}' has not been evaluated yet; ask again in a moment."
        raise NotFoundError(message, resource="execution", id=alert)
    return to_execution(latest)


async def _list(tenant: Tenant, query: ListQuery, alert_id: str | None) -> AlertExecutionList:
    found = await listed(
        tenant.gateway.queries,
        store.LIST_EXECUTIONS,
        query,
        None,
        where=WHERE,
        values=(tenant.namespace_id, alert_id),
        search_sql=store.SEARCH_EXECUTIONS,
    )
    total = await store.count_executions(tenant.gateway.pool, tenant.namespace_id, alert_id)
    return AlertExecutionList(results=found.shaped(to_execution), pagination=found.pagination, total_count=total)
