"""New versions of taxonomies, native and inline."""

from collections.abc import Mapping
from typing import Any

import asyncpg

from services.common.database.pool import Connection
from services.common.errors import InvalidArgumentError
from services.gateway.kit.context import Tenant
from services.gateway.taxonomies import store
from services.gateway.taxonomies.config import FlatConfig
from services.gateway.taxonomies.plans import merged_config, plan_taxonomy


async def add_version(
    tenant: Tenant, connection: Connection, row: asyncpg.Record, changes: Mapping[str, Any], *, same_too: bool = False
) -> bool:
    """Puts a config with these changes in force, as a new version; the versions before it stay as they are.

    Whether it did: without `same_too` not where that is the config in force.
    """
    config = merged_config(_without_type(row["config"], changes), changes)
    if row["collection_id"] is None:
        plan = await plan_taxonomy(tenant, config)
        columns = {"config": plan.config, "runs": plan.runs, "label_fields": plan.label_fields}
        return await store.add_version(connection, row["taxonomy_id"], columns, same_too=same_too)
    if not isinstance(config, FlatConfig):
        path = "body.config.taxonomy_type"
        raise InvalidArgumentError(f"{path}: the inline taxonomy of a collection is flat.", path=path)
    plan = await plan_taxonomy(tenant, config.model_copy(update={"source_collection": None}))
    columns = store.inline_columns(plan.config)
    return await store.add_version(connection, row["taxonomy_id"], columns, same_too=same_too)


def _without_type(config: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the config: nothing, when a change of type makes it another taxonomy."""
    same = changes.get("taxonomy_type", config["taxonomy_type"]) == config["taxonomy_type"]
    kept = dict(config) if same else {}
    source = kept.get("source_collection", {})
    if source and "collection_id" not in source:
        kept.pop("source_collection")  # the inline form does not say it
    return kept
