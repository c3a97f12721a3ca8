"""Filters on fields that no document of a collection has, and no schema of it: which, and what was meant."""

from collections.abc import Iterable, Sequence
from typing import Any

from services.common.database.find_resources import get_row
from services.common.filters import DOCUMENTS, OBJECTS, Filter, parse
from services.gateway.collections.store import collection_ids_of, read_collection
from services.gateway.collections.views import input_properties, output_properties
from services.gateway.kit.context import Tenant
from services.gateway.kit.shapes import Degraded
from services.gateway.kit.unknown_field_warnings import (
    LOOKED_AT,
    absent_fields,
    asked_fields,
    root_of,
    unknown_field,
    unknown_in_buckets,
)

MOST_COLLECTIONS = 20
SELECT_DOCUMENTS = f"""
    SELECT {{columns}} FROM unnest($1::text[]) AS c (id) CROSS JOIN LATERAL
      (SELECT * FROM documents WHERE collection_id = c.id ORDER BY row_key DESC LIMIT {LOOKED_AT}) AS d"""  # noqa: S608


async def unknown_in_collections(
    tenant: Tenant, collection_ids: Sequence[str], tree: Filter, *, is_empty: bool
) -> list[Degraded]:
    """A warning for each field that neither a document nor a schema of the collections has."""
    names = asked_fields(tree, DOCUMENTS, is_empty=is_empty)
    if not names or not 0 < len(collection_ids) <= MOST_COLLECTIONS:
        return []
    known = await declared_in(tenant, collection_ids)
    missing = [name for name in names if root_of(name) not in known and name not in known]
    absent = await absent_fields(tenant, SELECT_DOCUMENTS, DOCUMENTS, collection_ids, missing)
    return [unknown_field(name, "document", known) for name in absent]


async def declared_in(tenant: Tenant, collection_ids: Iterable[str]) -> set[str]:
    """The fields that the collections' schemas have, and those that labels are written to."""
    known: set[str] = set()
    for collection_id in collection_ids:
        row = await read_collection(tenant.gateway.pool, tenant.namespace_id, collection_id)
        schema = input_properties(row)
        known |= schema.keys() | output_properties(row, schema).keys()
        known |= {row["field_to_enrich"]} if row["taxonomy_id"] else set()
    return known


async def collections_to_look_at(tenant: Tenant) -> list[str]:
    """All collections of the namespace, or as many as are too many to look into."""
    return await collection_ids_of(tenant.gateway.pool, tenant.namespace_id, MOST_COLLECTIONS + 1)


async def unknown_in_sources(
    tenant: Tenant, bucket_ids: Sequence[str], source_collection_ids: Sequence[str], filters: Any
) -> list[Degraded]:
    """A warning for each field that a filter of a collection's sources asks for in vain, be they objects or documents.

    What such a filter finds is seen later, so that every field of it is looked for.
    """
    if filters is None:
        return []
    tree = parse(filters, "source_filters", inputs=False)
    if source_collection_ids:
        return await unknown_in_collections(tenant, source_collection_ids, tree, is_empty=True)
    rows = [await get_row(tenant.gateway.pool, "bucket", tenant.namespace_id, each) for each in bucket_ids]
    known = {name for row in rows for name in row["bucket_schema"].get("properties") or {}}
    names = asked_fields(tree, OBJECTS, is_empty=True)
    return await unknown_in_buckets(tenant, bucket_ids, names, known)
