"""What a request for an alert comes to: everything that it names looked up, what it cannot have refused."""

from typing import Any

from pydantic import ValidationError

from services.common.errors import InvalidArgumentError
from services.common.system_conditions import KNOWN, UNKNOWN, OfCollections, OfRetriever, Params, params_of
from services.gateway.alerts.channels import plan_notification
from services.gateway.alerts.shapes import AlertCreate, AlertPatch, NamespaceSelector, SystemCondition
from services.gateway.kit.context import Tenant
from services.gateway.kit.rows.resource_names import named
from services.gateway.kit.shapes import JsonObject

PARAMS = "body.system_condition.params"
# Of these, null takes away what was there; null for anything else changes nothing.
REMOVABLE = frozenset({"description", "min_count", "threshold", "renotify_interval_seconds", "namespace_selector"})
PLAIN = ("description", "trigger_on", "min_count", "inputs", "cooldown_seconds", "renotify_interval_seconds", "enabled")
# A change of these asks another question, whose answer has not been told of yet.
WATCHED = frozenset(
    {"retriever_identifier", "system_condition", "trigger_on", "min_count", "threshold", "inputs", "enabled"}
)


async def plan_alert(tenant: Tenant, form: AlertCreate) -> JsonObject:
    """The columns of a new alert; NotFoundError for an unknown retriever or collection."""
    source = form.source or "retriever"
    given = {name: value for name in PLAIN if (value := getattr(form, name)) is not None}
    return {
        **given,
        **await _watched(tenant, source, form),
        "alert_name": form.name,
        "source": source,
        "threshold": form.threshold and form.threshold.model_dump(),
        "namespace_selector": await _selector(tenant, form.namespace_selector),
        "metadata": form.metadata or {},
        "notification_config": plan_notification(tenant.gateway.settings, form.notification_config),
    }


async def plan_change(tenant: Tenant, row: Any, form: AlertPatch) -> JsonObject:
    """The columns that a patch changes of the alert in `row`."""
    changed = {name: getattr(form, name) for name in PLAIN if _changes(form, name)}
    if form.name is not None:
        changed["alert_name"] = form.name
    if _changes(form, "threshold"):
        changed["threshold"] = form.threshold and form.threshold.model_dump()
    if _changes(form, "namespace_selector"):
        changed["namespace_selector"] = await _selector(tenant, form.namespace_selector)
    if form.metadata is not None:
        changed["metadata"] = form.metadata
    if form.retriever_id is not None or form.system_condition is not None:
        changed |= await _watched(tenant, row["source"], form)
    if form.notification_config is not None:
        stored = row["notification_config"]["channels"]
        changed["notification_config"] = plan_notification(tenant.gateway.settings, form.notification_config, stored)
    return changed


def _changes(form: AlertPatch, name: str) -> bool:
    return name in form.model_fields_set and (name in REMOVABLE or getattr(form, name) is not None)


async def _watched(tenant: Tenant, source: str, form: AlertCreate | AlertPatch) -> JsonObject:
    if source == "retriever":
        if form.system_condition is not None:
            raise _fault("system_condition", "is for alerts with source 'system'")
        if form.retriever_id is None:
            raise _fault("retriever_id", "is needed: an alert with source 'retriever' runs one")
        found = await named(
            tenant.gateway.pool, "retriever", tenant.namespace_id, form.retriever_id, "body.retriever_id"
        )
        return {"retriever_identifier": form.retriever_id, "retriever_id": found["retriever_id"]}
    if form.retriever_id is not None:
        raise _fault("retriever_id", "is for alerts with source 'retriever'")
    if form.system_condition is None:
        raise _fault("system_condition", "is needed: an alert with source 'system' watches one")
    return {"system_condition": await _condition(tenant, form.system_condition)}


async def _condition(tenant: Tenant, form: SystemCondition) -> JsonObject:
    condition = form.model_dump(exclude_none=True)
    if form.type in UNKNOWN:
        message = f"'{form.type}' cannot be watched here: {UNKNOWN[form.type]}. Known are {', '.join(KNOWN)}"
        raise _fault("system_condition.type", message)
    try:
        params = params_of(condition)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise _fault(".".join(["system_condition.params", *map(str, first["loc"])]), first["msg"]) from error
    ids = await _ids(tenant, params)
    return {**condition, "params": {**(condition.get("params") or {}), **ids}} if ids else condition


async def _ids(tenant: Tenant, params: Params) -> JsonObject:
    """The parameters that name something, with ids for names; NotFoundError for what is not there."""
    pool, namespace_id = tenant.gateway.pool, tenant.namespace_id
    match params:
        case OfCollections(collection_ids=list() as identifiers):
            rows = [
                await named(pool, "collection", namespace_id, identifier, f"{PARAMS}.collection_ids.{number}")
                for number, identifier in enumerate(identifiers)
            ]
            return {"collection_ids": [row["collection_id"] for row in rows]}
        case OfRetriever(retriever_id=str() as identifier):
            row = await named(pool, "retriever", namespace_id, identifier, f"{PARAMS}.retriever_id")
            return {"retriever_id": row["retriever_id"]}
    return {}


async def _selector(tenant: Tenant, form: NamespaceSelector | None) -> JsonObject | None:
    """An alert watches its own namespace and no other."""
    if form is None or (form.mode is None and not form.namespace_ids):
        return None
    if form.mode == "all":
        raise _fault("namespace_selector.mode", "must be 'selected': an alert watches the namespace that it is in")
    for number, identifier in enumerate(form.namespace_ids or []):
        if await tenant.gateway.tenants.find(identifier) != tenant.namespace_id:
            message = "is not the alert's namespace; create an alert in each namespace that is to be watched"
            raise _fault(f"namespace_selector.namespace_ids.{number}", message)
    return {"mode": "selected", "namespace_ids": [tenant.namespace_id]}


def _fault(place: str, why: str) -> InvalidArgumentError:
    path = f"body.{place}"
    return InvalidArgumentError(f"{path}: {why}.", path=path)
