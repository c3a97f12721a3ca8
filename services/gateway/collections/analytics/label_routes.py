"""How far the labelling of a collection has come, what waits for a person, and how often machines were wrong."""

from typing import Annotated

from fastapi import Query

from services.common.database.bounded_reads import bounded, snapshot
from services.common.database.find_resources import get_collection
from services.common.database.taxonomies.applied_taxonomies import label_fields_of
from services.gateway.collections.analytics import store as sql
from services.gateway.collections.analytics.accuracy import accuracy_of
from services.gateway.collections.analytics.assignments import About, checked
from services.gateway.collections.analytics.shapes import (
    Accuracy,
    Coverage,
    FieldCoverage,
    FieldQueue,
    NotJudged,
    ReviewQueue,
)
from services.gateway.collections.labelling.store import count_not_judged, reasons
from services.gateway.kit.analytics import RangeAsked, period_of, share
from services.gateway.kit.context import InNamespace
from services.gateway.kit.http.routing import routes_of

router = routes_of("Analytics")
HERE = "/collections/{collection}/analytics"
THERE = "/analytics/collections/{collection}"
LOW = 0.4


@router.get(f"{HERE}/label-coverage")
@router.get(f"{THERE}/label-coverage")
async def label_coverage(collection: str, tenant: InNamespace) -> Coverage:
    """The shares of documents that machines, people and uploads have labelled, for each label field."""
    pool = tenant.gateway.queries
    found = await get_collection(pool, tenant.namespace_id, collection)
    fields = await label_fields_of(pool, found.collection_id)
    async with snapshot(pool, "path.collection") as connection:
        rows = [(field, await connection.fetchrow(sql.COVERAGE, found.collection_id, field)) for field in fields]
        not_judged_reasons = await reasons(connection, [found.collection_id])
        not_judged = await count_not_judged(connection, found.collection_id)
    return Coverage(
        collection_id=found.collection_id,
        not_judged=not_judged,
        not_judged_reasons=[NotJudged(reason=row["reason"], count=row["count"]) for row in not_judged_reasons],
        fields=[
            FieldCoverage(
                field=field,
                **dict(row),
                unlabelled=row["total"] - row["labelled"],
                coverage=share(row["labelled"], row["total"]),
                auto_share=share(row["auto"], row["total"]),
            )
            for field, row in rows
            if row is not None
        ],
    )


@router.get(f"{HERE}/review-queue")
@router.get(f"{THERE}/review-queue")
async def review_queue(
    collection: str,
    tenant: InNamespace,
    low: Annotated[float, Query(ge=0, le=1, description="A machine's label under this waits for a check")] = LOW,
) -> ReviewQueue:
    """How many documents wait for a person: without a label, called wrong, or unsure and unchecked."""
    pool = tenant.gateway.queries
    found = await get_collection(pool, tenant.namespace_id, collection)
    fields = await label_fields_of(pool, found.collection_id)
    async with bounded(pool, "path.collection") as connection:
        rows = {row["field"]: row for row in await connection.fetch(sql.QUEUE, found.collection_id, fields, low)}
    kinds = ("unlabelled", "low", "wrong")
    counts = {field: [rows[field][kind] if field in rows else 0 for kind in kinds] for field in fields}
    return ReviewQueue(
        collection_id=found.collection_id,
        low=low,
        length=next((row["documents"] for row in rows.values()), 0),
        fields=[
            FieldQueue(
                field=field,
                length=unlabelled + unsure + wrong,
                unlabelled=unlabelled,
                low_confidence=unsure,
                called_wrong=wrong,
            )
            for field, (unlabelled, unsure, wrong) in counts.items()
        ],
    )


@router.get(f"{HERE}/false-positives")
@router.get(f"{THERE}/false-positives")
async def false_positives(collection: str, tenant: InNamespace, query: RangeAsked) -> Accuracy:
    """How often people found machine labels of this collection wrong, by label."""
    pool, period = tenant.gateway.queries, period_of(query)
    found = await get_collection(pool, tenant.namespace_id, collection)
    about = About(
        namespace_id=tenant.namespace_id,
        collection_id=found.collection_id,
        period=period if period.given else None,
    )
    async with bounded(pool, "query") as connection:
        return accuracy_of(await checked(connection, about), about)
