"""How a collection stands: label distribution, counts, distinct values."""

from typing import Annotated

from fastapi import Query

from services.common.database.find_resources import get_collection
from services.common.filters import EVERYTHING, Filter, parse, parse_json
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.documents.counts.shapes import (
    CountBody,
    DistinctBody,
    DistinctValue,
    DistinctValues,
    DocumentCount,
    FieldDistribution,
    Share,
)
from services.gateway.documents.counts.store import count_documents, count_values
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of

router = routes_of("Analytics", "/collections/{collection}")


@router.get("/analytics/field-distribution")
async def field_distribution(
    collection: str, tenant: InNamespace, field: Annotated[str, Query(min_length=1, max_length=512)]
) -> FieldDistribution:
    """How the values of a field are spread, most frequent first; percentages are of all documents."""
    found = await get_collection(tenant.gateway.queries, tenant.namespace_id, collection)
    rows = await count_values(tenant.gateway.queries, found.collection_id, field)
    total = sum(row["count"] for row in rows)
    shares = [
        Share(value=row["value"], count=row["count"], percentage=round(100 * row["count"] / total, 2))
        for row in rows
        if row["value"] is not None
    ]
    return FieldDistribution(
        collection_id=found.collection_id,
        field=field,
        total=total,
        missing=total - sum(share.count for share in shares),
        distinct=len(shares),
        distribution=shares,
    )


@router.get("/documents/count")
async def count(
    collection: str, tenant: InNamespace, filters: Annotated[str | None, Query(description="JSON")] = None
) -> DocumentCount:
    """Counts documents."""
    found = parse_json(filters, "query.filters") if filters else EVERYTHING
    return await _count(collection, tenant, found)


@router.post("/documents/count")
async def count_by_body(collection: str, tenant: InNamespace, body: CountBody | None = None) -> DocumentCount:
    """Counts the documents that pass the filter of the optional body."""
    return await _count(collection, tenant, parse(body.filters if body else None, "body.filters"))


async def _count(identifier: str, tenant: Tenant, filters: Filter) -> DocumentCount:
    found = await get_collection(tenant.gateway.queries, tenant.namespace_id, identifier)
    counted = await count_documents(tenant.gateway.queries, found.collection_id, filters)
    warnings = await unknown_in_collections(tenant, [found.collection_id], filters, is_empty=not counted)
    return DocumentCount(collection_id=found.collection_id, count=counted, warnings=warnings)


@router.post("/documents/distinct")
async def distinct_values(collection: str, body: DistinctBody, tenant: InNamespace) -> DistinctValues:
    """The values of a field, most frequent first."""
    found = await get_collection(tenant.gateway.queries, tenant.namespace_id, collection)
    filters = parse(body.filters, "body.filters")
    rows = await count_values(tenant.gateway.queries, found.collection_id, body.field, filters)
    values = [DistinctValue(value=row["value"], count=row["count"]) for row in rows if row["value"] is not None]
    warnings = await unknown_in_collections(tenant, [found.collection_id], filters, is_empty=not rows)
    return DistinctValues(field=body.field, values=values[: body.limit], total_distinct=len(values), warnings=warnings)
