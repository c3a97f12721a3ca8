"""Proof that nothing was lost: the objects that a collection was given, against its documents."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import snapshot
from services.common.database.find_resources import get_collection
from services.gateway.collections.reconciliation import store as sql
from services.gateway.collections.reconciliation.shapes import Reconciliation, to_discrepancy
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Collections", "/collections/{collection}")
Limit = Annotated[int, Query(ge=1, le=1000, description="How many discrepancies to list at most")]


@router.get("/reconciliation")
async def reconcile(collection: str, tenant: InNamespace, limit: Limit = 100) -> Reconciliation:
    """Counts objects and documents, and lists the objects that have none, with the reason."""
    pool = tenant.gateway.queries
    found = await get_collection(pool, tenant.namespace_id, collection)
    sources = (list(found.bucket_ids), list(found.source_collection_ids))
    async with snapshot(pool, "path.collection") as connection:
        counts = await connection.fetchrow(sql.COUNTS, found.collection_id)
        documents = await connection.fetchrow(sql.DOCUMENTS, found.collection_id, *sources)
        unsubmitted = await connection.fetchval(sql.UNSUBMITTED, found.collection_id, *sources)
        rows = await connection.fetch(sql.DISCREPANCIES, found.collection_id, limit)
    assert counts is not None and documents is not None
    delta = counts["source"] - counts["produced"]
    return Reconciliation(
        collection_id=found.collection_id,
        source_object_count=counts["source"],
        produced_object_count=counts["produced"],
        document_count=documents["total"],
        delta=delta,
        failed_object_count=counts["failed"],
        processing_object_count=counts["processing"],
        empty_object_count=counts["empty"],
        unsubmitted_object_count=unsubmitted,
        orphaned_document_count=documents["orphaned"],
        discrepancies=[to_discrepancy(row) for row in rows],
        discrepancies_truncated=len(rows) < delta,
        limit=limit,
    )
