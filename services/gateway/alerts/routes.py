"""Alerts: who is told when a retriever finds something, or nothing, or when the server is in trouble."""

from typing import Annotated

from fastapi import Query, Request, Response

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_row
from services.gateway.alerts import store
from services.gateway.alerts.plans import WATCHED, plan_alert, plan_change
from services.gateway.alerts.shapes import Alert, AlertCreate, AlertDeleted, AlertList, AlertPatch, AlertStats
from services.gateway.alerts.views import to_alert
from services.gateway.kit.context import InAnyNamespace, InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.kit.lists.list_route import listed, unresolved
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination

router = routes_of("Alerts", "/alerts")


@router.post("")
async def create_alert(form: AlertCreate, tenant: InNamespace) -> Alert:
    """Creates an alert, whose condition is looked at at once, after changes of what it watches, and periodically."""
    columns = await plan_alert(tenant, form)
    return to_alert(await store.insert_alert(tenant.gateway.pool, tenant.namespace_id, columns))


@router.get("")
async def list_alerts(
    tenant: InAnyNamespace, query: Annotated[ListQuery, Query()], request: Request, response: Response
) -> AlertList:
    """Lists alerts."""
    return await _list(tenant, query, None, request, response)


@router.post("/list")
async def list_alerts_by_body(
    tenant: InAnyNamespace,
    query: Annotated[ListQuery, Query()],
    request: Request,
    response: Response,
    body: ListBody | None = None,
) -> AlertList:
    """Lists alerts, as the optional body says."""
    return await _list(tenant, query, body, request, response)


async def _list(
    tenant: Tenant | None, query: ListQuery, body: ListBody | None, request: Request, response: Response
) -> AlertList:
    if tenant is None:
        warnings = unresolved(response, request.headers["x-namespace"])
        return AlertList(results=[], pagination=Pagination(), total_count=0, stats=AlertStats(), warnings=warnings)
    async with snapshot(tenant.gateway.queries) as db:
        found = await listed(
            db,
            store.LIST_ALERTS,
            query,
            body,
            where="a.namespace_id = $1",
            values=(tenant.namespace_id,),
            search_sql=store.SEARCH_ALERTS,
        )
        total, enabled, channels = await store.stats_of(db, tenant.namespace_id)
    stats = AlertStats(
        total_alerts=total,
        enabled_alerts=enabled,
        disabled_alerts=total - enabled,
        alerts_by_channel_type=channels,
    )
    return AlertList(results=found.shaped(to_alert), pagination=found.pagination, total_count=total, stats=stats)


@router.get("/{alert}")
async def get_alert(alert: str, tenant: InNamespace) -> Alert:
    """One alert, by id, name or `alt_<name>`."""
    return to_alert(await get_row(tenant.gateway.pool, "alert", tenant.namespace_id, alert))


@router.patch("/{alert}")
async def change_alert(alert: str, form: AlertPatch, tenant: InNamespace) -> Alert:
    """Changes what is given; where that is what is watched, the alert starts anew."""
    row = await get_row(tenant.gateway.pool, "alert", tenant.namespace_id, alert)
    columns = await plan_change(tenant, row, form)
    return to_alert(await store.update_alert(tenant.gateway.pool, row, columns, WATCHED))


@router.delete("/{alert}")
async def delete_alert(alert: str, tenant: InNamespace) -> AlertDeleted:
    """Deletes an alert with its executions; what it has not delivered yet is not delivered."""
    row = await get_row(tenant.gateway.pool, "alert", tenant.namespace_id, alert)
    await store.delete_alert(tenant.gateway.pool, row)
    return AlertDeleted(message=f"Deleted alert {row['alert_name']}.", alert_id=row["alert_id"])
