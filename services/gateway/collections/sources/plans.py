"""The source of a collection, all that it names looked up."""

from dataclasses import dataclass

from services.common.database.find_resources import get_row
from services.gateway.collections.sources.shapes import SourceForm
from services.gateway.collections.store import read_collection
from services.gateway.collections.views import input_properties, output_properties
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import JsonObject


@dataclass(frozen=True, kw_only=True)
class PlannedSource:
    """Where documents come from; `input_schema` is None where it follows the buckets' schemas."""

    bucket_ids: list[str]
    collection_ids: list[str]
    stored: JsonObject
    input_schema: JsonObject | None


async def plan_source(tenant: Tenant, form: SourceForm) -> PlannedSource:
    """Everything resolved; NotFoundError for an unknown bucket or collection."""
    rows = [await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, name) for name in form.buckets()]
    bucket_ids = list(dict.fromkeys(str(row["bucket_id"]) for row in rows))
    stored: JsonObject = {"type": form.type}
    if bucket_ids:
        stored["bucket_ids"] = bucket_ids
    if filters := form.filters():
        stored["source_filters"] = filters
    if form.type != "collection":
        return PlannedSource(bucket_ids=bucket_ids, collection_ids=[], stored=stored, input_schema=None)
    return await _of_collections(tenant, form, stored)


async def _of_collections(tenant: Tenant, form: SourceForm, stored: JsonObject) -> PlannedSource:
    rows = [await read_collection(tenant.gateway.pool, tenant.namespace_id, name) for name in form.collections()]
    collection_ids = list(dict.fromkeys(str(row["collection_id"]) for row in rows))
    inherited = [
        each for row in rows for each in (row["bucket_ids"] or row["source"].get("inherited_bucket_ids") or [])
    ]
    stored |= {"collection_ids": collection_ids, "inherited_bucket_ids": list(dict.fromkeys(inherited))}
    schema: JsonObject = {}
    for row in rows:
        schema |= output_properties(row, input_properties(row))
    return PlannedSource(bucket_ids=[], collection_ids=collection_ids, stored=stored, input_schema=schema)
