"""Keeping what a retriever found: its results become documents of another collection."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.find_resources import get_collection
from services.gateway.kit.context import Tenant
from services.gateway.kit.index_refresh import refresh_index
from services.gateway.kit.shapes import JsonObject
from services.gateway.retrievers.executions.written_documents import write_copies


async def write_results(
    tenant: Tenant, collection: str, lineage: JsonObject, added: Mapping[str, Any], found: Sequence[str]
) -> JsonObject:
    """Writes the documents found, with the fields that stages added; says where and how many."""
    pool = tenant.gateway.pool
    target = await get_collection(pool, tenant.namespace_id, collection)
    fields = {document_id: added.get(document_id, {}) for document_id in found}
    written = await write_copies(pool, tenant.namespace_id, target.collection_id, fields, lineage)
    await refresh_index(tenant.gateway, written)
    return {
        "collection_id": target.collection_id,
        "documents_written": len(written),
        "documents_skipped": len(found) - len(written),
    }
