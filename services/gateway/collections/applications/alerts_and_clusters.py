"""Alerts and clusters that a request applies to a collection, looked up."""

from services.common.database.find_resources import find_row
from services.common.errors import InvalidArgumentError
from services.gateway.kit.context import Tenant
from services.gateway.kit.rows.resource_names import named
from services.gateway.kit.shapes import JsonObject

NAME, CLUSTERS = "alert_applications", "cluster_applications"


async def with_ids(tenant: Tenant, settings: JsonObject) -> JsonObject:
    """The settings with the id of each alert and cluster that they name.

    NotFoundError names the place of an alert that is not there; a cluster may be made later, and is found then.
    """
    found: JsonObject = {}
    if alerts := settings.get(NAME):
        found[NAME] = [await _resolved(tenant, each, place) for place, each in enumerate(alerts)]
    if clusters := settings.get(CLUSTERS):
        found[CLUSTERS] = [await _of_cluster(tenant, each) for each in clusters]
    return {**settings, **found}


async def _of_cluster(tenant: Tenant, application: JsonObject) -> JsonObject:
    row = await find_row(tenant.gateway.pool, "cluster", tenant.namespace_id, application["cluster_id"])
    return application if row is None else {**application, "cluster_id": row["cluster_id"]}


async def _resolved(tenant: Tenant, application: JsonObject, place: int) -> JsonObject:
    identifier, path = application["alert_id"], f"body.{NAME}.{place}.alert_id"
    alert = await named(tenant.gateway.pool, "alert", tenant.namespace_id, identifier, path)
    if alert["source"] != "retriever":
        message = f"{path}: '{identifier}' watches the server; only alerts that run a retriever can be applied."
        raise InvalidArgumentError(message, path=path)
    return {**application, "alert_id": alert["alert_id"]}
