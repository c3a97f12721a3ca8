"""Aggregations of documents and objects: groups and metrics, computed by the database."""

from services.common.database.bounded_reads import bounded
from services.common.database.find_resources import get_collection, get_row
from services.common.database.pool import Pool
from services.common.filters import Filter, parse
from services.gateway.collections.unknown_field_warnings import unknown_in_collections
from services.gateway.documents.aggregations.shapes import Aggregate, Aggregated
from services.gateway.documents.aggregations.store import OF_BUCKET, Query, aggregation_query
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import JsonAnswer, routes_of
from services.gateway.kit.shapes import Degraded, JsonObject
from services.gateway.kit.unknown_field_warnings import unknown_in_bucket

router = routes_of("Documents")


@router.post("/collections/{collection}/documents/aggregate", response_model=Aggregated)
async def aggregate_documents(collection: str, form: Aggregate, tenant: InNamespace) -> JsonAnswer:
    """Groups documents and computes metrics of each group; without group_by, of all of them."""
    found = await get_collection(tenant.gateway.queries, tenant.namespace_id, collection)
    answer = await _answer(tenant.gateway.queries, aggregation_query(form, found.collection_id))
    warnings = await unknown_in_collections(
        tenant, [found.collection_id], _filters(form), is_empty=not answer["total_groups"] or not form.group_by
    )
    return _warned(answer, warnings)


@router.post("/buckets/{bucket}/objects/aggregate", response_model=Aggregated, tags=["Objects"])
async def aggregate_objects(bucket: str, form: Aggregate, tenant: InNamespace) -> JsonAnswer:
    """Groups objects and computes metrics of each group; without group_by, of all of them."""
    found = await get_row(tenant.gateway.queries, "bucket", tenant.namespace_id, bucket)
    answer = await _answer(tenant.gateway.queries, aggregation_query(form, found["bucket_id"], OF_BUCKET))
    schema = found["bucket_schema"].get("properties") or {}
    warnings = await unknown_in_bucket(
        tenant, found["bucket_id"], schema, _filters(form), is_empty=not answer["total_groups"] or not form.group_by
    )
    return _warned(answer, warnings)


def _filters(form: Aggregate) -> Filter:
    return parse(form.filters, "body.filters", inputs=False)


def _warned(answer: JsonObject, warnings: list[Degraded]) -> JsonAnswer:
    return JsonAnswer({**answer, "warnings": [each.model_dump() for each in warnings]})


async def _answer(pool: Pool, query: Query) -> JsonObject:
    async with bounded(pool, "body") as connection:
        rows = await connection.fetch(query.sql, *query.values)
    results = [
        {
            "group": dict(zip(query.groups, row["groups"], strict=True)),
            "metrics": dict(zip(query.metrics, row["metrics"], strict=True)),
        }
        for row in rows
    ]
    return {"results": results, "total_groups": rows[0]["total"] if rows else 0}
