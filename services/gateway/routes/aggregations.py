"""Aggregations of documents: groups and metrics, computed by the database."""

from services.common.database.bounded import bounded
from services.common.database.resources import get_collection
from services.gateway.answers import JsonAnswer
from services.gateway.context import InNamespace
from services.gateway.routing import routes_of
from services.gateway.shapes.aggregations import Aggregate, Aggregated
from services.gateway.store.aggregation_sql import aggregation_query

router = routes_of("Documents")


@router.post("/collections/{collection}/documents/aggregate", response_model=Aggregated)
async def aggregate_documents(collection: str, form: Aggregate, tenant: InNamespace) -> JsonAnswer:
    """Groups documents and computes metrics of each group; without group_by, of all of them."""
    pool = tenant.gateway.pool
    found = await get_collection(pool, tenant.namespace_id, collection)
    query = aggregation_query(form, found.collection_id)
    async with bounded(pool, "body") as connection:
        rows = await connection.fetch(query.sql, *query.values)
    results = [
        {
            "group": dict(zip(query.groups, row["groups"], strict=True)),
            "metrics": dict(zip(query.metrics, row["metrics"], strict=True)),
        }
        for row in rows
    ]
    return JsonAnswer({"results": results, "total_groups": rows[0]["total"] if rows else 0})
