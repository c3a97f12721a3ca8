"""Alerts that a request applies to a collection, all of them looked up."""

from services.common.errors import InvalidArgumentError
from services.gateway.context import Tenant
from services.gateway.lookups import named
from services.gateway.shapes.base import JsonObject

NAME = "alert_applications"


async def with_alert_ids(tenant: Tenant, settings: JsonObject) -> JsonObject:
    """The settings with the id of each alert that they name; NotFoundError names the place of one that is not there."""
    applications = settings.get(NAME)
    if not applications:
        return settings
    return {**settings, NAME: [await _resolved(tenant, each, place) for place, each in enumerate(applications)]}


async def _resolved(tenant: Tenant, application: JsonObject, place: int) -> JsonObject:
    identifier, path = application["alert_id"], f"body.{NAME}.{place}.alert_id"
    alert = await named(tenant.gateway.pool, "alert", tenant.namespace_id, identifier, path)
    if alert["source"] != "retriever":
        message = f"{path}: '{identifier}' watches the server; only alerts that run a retriever can be applied."
        raise InvalidArgumentError(message, path=path)
    return {**application, "alert_id": alert["alert_id"]}
