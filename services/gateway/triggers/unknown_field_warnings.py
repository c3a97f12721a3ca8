"""Fields that the filter of a trigger's action asks for, and that nothing has."""

from services.common.filters import parse
from services.common.triggers.actions import Action, AlertAction, BatchAction, CollectionAction, read_action
from services.gateway.collections.store import read_collection
from services.gateway.collections.unknown_field_warnings import unknown_in_collections, unknown_in_sources
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Degraded, JsonObject
from services.gateway.triggers.actions import resolve


async def unknown_in_action(tenant: Tenant, action_type: str, config: JsonObject) -> list[Degraded]:
    """A warning for each such field; `config` is the action as it is stored."""
    action = read_action(action_type, config, stored=True)
    given = _filters_of(action)
    if given is None:
        return []
    async with tenant.gateway.pool.acquire() as connection:
        resolved = await resolve(connection, tenant.namespace_id, action)
    ids = resolved.collection_ids
    if not isinstance(action, BatchAction | CollectionAction):
        return await unknown_in_collections(tenant, ids, parse(given, "action_config.filters"), is_empty=True)
    rows = [await read_collection(tenant.gateway.pool, tenant.namespace_id, each) for each in ids]
    buckets = sorted({each for row in rows for each in row["bucket_ids"]})
    above = [] if isinstance(action, BatchAction) else [each for row in rows for each in row["source_collection_ids"]]
    return await unknown_in_sources(tenant, buckets, above, given)


def _filters_of(action: Action) -> JsonObject | None:
    if isinstance(action, AlertAction):
        return None
    return action.source_filters if isinstance(action, CollectionAction) else action.filters
