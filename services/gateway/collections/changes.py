"""Changing a collection: its own fields, its settings, its taxonomy and what is applied to it, all or nothing."""

import asyncpg

from services.common.database.pool import Connection
from services.common.database.tasks.passthrough import start_passthrough
from services.common.errors import InvalidArgumentError
from services.gateway.collections.applications.alerts_and_clusters import with_ids
from services.gateway.collections.applications.plans import plan_applications
from services.gateway.collections.applications.store import set_applications
from services.gateway.collections.events import record_collection_events, record_inline_taxonomy_event
from services.gateway.collections.extractors.shapes import read_passthrough
from services.gateway.collections.inline_taxonomies.shapes import TaxonomyPatch
from services.gateway.collections.inline_taxonomies.store import (
    NewTaxonomy,
    delete_taxonomy,
    insert_taxonomy,
    update_taxonomy,
)
from services.gateway.collections.plans import plan_taxonomy, retriever_id_of
from services.gateway.collections.shapes import CollectionPatch
from services.gateway.collections.store import touch_collection, update_collection
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject, cleared

COLUMNS = {"collection_name", "description", "metadata", "enabled"}
TAXONOMY = "taxonomy"
EXTRACTOR, PASSTHROUGH = "feature_extractor", "field_passthrough"


async def change_collection(tenant: Tenant, row: asyncpg.Record, form: CollectionPatch) -> list[str]:
    """Changes what the patch gives, and tells of what is not as it was; `row` is the collection with its taxonomy.

    Returns what is yet to come of it.
    """
    to_come: list[str] = []
    inline, collection_id = row["taxonomy_id"], row["collection_id"]
    new = None if inline or form.taxonomy is None else await _added(tenant, row, form.taxonomy)
    named = form.taxonomy.retriever_id if form.taxonomy else None
    retriever = await retriever_id_of(tenant, named) if named else None
    applications = await plan_applications(tenant, form.taxonomy_applications, form.retriever_enrichments, inline)
    settings = await with_ids(tenant, _settings(form))
    async with tenant.gateway.pool.acquire() as connection, connection.transaction():
        change = await update_collection(connection, collection_id, _columns(form), settings)
        names = set(change.columns) & (form.model_fields_set | COLUMNS)
        if new is not None:
            await insert_taxonomy(connection, tenant.namespace_id, collection_id, row["collection_name"], new)
            await record_inline_taxonomy_event(connection, "created", collection_id)
            names.add(TAXONOMY)
        elif form.taxonomy is not None:
            if await _change_taxonomy(connection, collection_id, form.taxonomy, retriever):
                await record_inline_taxonomy_event(connection, "updated", collection_id)
                names.add(TAXONOMY)
        elif TAXONOMY in form.model_fields_set and inline:
            await record_inline_taxonomy_event(connection, "deleted", collection_id)
            await delete_taxonomy(connection, tenant.namespace_id, collection_id)
            names.add(TAXONOMY)
        names |= set(await set_applications(connection, collection_id, applications))
        if EXTRACTOR in change.columns:
            names.add(PASSTHROUGH)
            to_come.append(await _pass_through(connection, row, change.row[EXTRACTOR]))
        if names:
            await touch_collection(connection, collection_id)
            await record_collection_events(connection, "updated", [change.row], *names)
    return to_come


async def _pass_through(connection: Connection, row: asyncpg.Record, after: JsonObject) -> str:
    ids = row["namespace_id"], row["collection_id"]
    task_id = await start_passthrough(connection, *ids, before=row[EXTRACTOR], after=after)
    return f"The documents that are there get the fields of the new {PASSTHROUGH} in task '{task_id}'."


async def _added(tenant: Tenant, row: asyncpg.Record, patch: TaxonomyPatch) -> NewTaxonomy:
    form = patch.completed()
    planned = await plan_taxonomy(tenant, form, row["feature_uri"], row["label_threshold"])
    if planned is None:
        path = "body.taxonomy.field_to_enrich"
        raise InvalidArgumentError(f"{path} is needed: this collection has no taxonomy yet.", path=path)
    return planned


async def _change_taxonomy(
    connection: Connection, collection_id: str, patch: TaxonomyPatch, retriever: str | None
) -> bool:
    given = {
        "confidence_threshold": patch.confidence_threshold,
        "reference_labels": patch.reference_labels,
        "retriever_identifier": retriever,
        "options": patch.options(),
        "field_to_enrich": patch.field_to_enrich,
    }
    return await update_taxonomy(connection, collection_id, given)


def _columns(form: CollectionPatch) -> JsonObject:
    columns = form.model_dump(include=COLUMNS, exclude_none=True) | cleared(form, "description")
    if PASSTHROUGH in form.model_fields_set:
        rules = read_passthrough(form.field_passthrough, f"body.{PASSTHROUGH}")
        columns[EXTRACTOR] = {PASSTHROUGH: rules}
    return columns


def _settings(form: CollectionPatch) -> JsonObject:
    """The settings given; a collection that is enabled again has no reason to be disabled."""
    stored = {name: value for name, value in form.stored().items() if name != "embedding_task"}
    return {**stored, **({"disabled_reason": None} if form.enabled else {})}
