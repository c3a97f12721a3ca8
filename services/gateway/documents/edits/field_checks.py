"""Fields that a request sets on documents: which look like a slip, and which are not of their declared type."""

from collections.abc import Iterable

from services.common.database.documents.edit_documents import Within
from services.gateway.buckets.schema_check import require_types
from services.gateway.collections.store import read_collection
from services.gateway.collections.unknown_field_warnings import declared_in
from services.gateway.collections.views import declared_properties
from services.gateway.kit.context import Tenant
from services.gateway.kit.misspelt_keys import near_keys
from services.gateway.kit.shapes import Degraded, JsonObject

COLLECTION = "SELECT collection_id FROM documents WHERE document_id = $1 AND namespace_id = $2"

WARNINGS = "warnings"


async def slips_in(
    tenant: Tenant, collection_id: str, given: Iterable[str], meant: Iterable[str] = ("metadata",)
) -> list[Degraded]:
    """A warning for each field given that is nearly one of the collection's, or a key with a meaning of its own."""
    declared = await declared_in(tenant, [collection_id])
    return near_keys((name for name in given if "." not in name), meant, sorted(declared))


def with_warnings(document: JsonObject, slips: list[Degraded]) -> JsonObject:
    """The document with the warnings at its root, unless it has a field of that name."""
    if not slips or WARNINGS in document:
        return document
    return {**document, WARNINGS: [each.model_dump() for each in slips]}


async def require_declared(tenant: Tenant, collection_id: str | None, fields: JsonObject, path: str) -> None:
    """InvalidArgumentError for a field that is not of its declared type; nothing is asked where nothing is set."""
    if collection_id is None or all(value is None for value in fields.values()):
        return
    row = await read_collection(tenant.gateway.pool, tenant.namespace_id, collection_id)
    require_types(fields, declared_properties(row), path)


async def collection_within(tenant: Tenant, within: Within, document_id: str) -> str | None:
    """The collection that edits of a document happen in; None for a document that is not there."""
    if within.collection_id is not None:
        return within.collection_id
    found = await tenant.gateway.pool.fetchval(COLLECTION, document_id, tenant.namespace_id)
    return None if found is None else str(found)
