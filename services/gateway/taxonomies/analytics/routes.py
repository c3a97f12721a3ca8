"""How a taxonomy does, from the provenance of the labels that it set."""

from typing import Annotated

import asyncpg
from fastapi import Query

from services.common.database.bounded_reads import bounded, snapshot
from services.common.database.find_resources import get_row
from services.gateway.collections.analytics import assignments
from services.gateway.collections.analytics.accuracy import accuracy_of
from services.gateway.collections.analytics.assignments import About
from services.gateway.collections.analytics.shapes import Accuracy
from services.gateway.kit.analytics import Period, RangeAsked, RangeQuery, percentage, period_of
from services.gateway.kit.context import InNamespace, Tenant
from services.gateway.kit.http.routing import routes_of
from services.gateway.taxonomies.analytics.shapes import (
    AssignmentMetric,
    Assignments,
    ConfidenceDistribution,
    ConfidenceRange,
    EnrichmentMetric,
    Enrichments,
    LabelDistribution,
    LabelMetric,
)

router = routes_of("Analytics", "/analytics/taxonomies/{taxonomy}")
LOW = 0.4


async def _about(tenant: Tenant, taxonomy: str, query: RangeQuery, *, always: bool = False) -> tuple[About, Period]:
    """What is asked about; without a range it is of all time, unless `always` in a period."""
    row = await get_row(tenant.gateway.queries, "taxonomy", tenant.namespace_id, taxonomy)
    period = period_of(query)
    about = About(
        namespace_id=tenant.namespace_id,
        taxonomy_id=row["taxonomy_id"],
        period=period if period.given or always else None,
    )
    return about, period


@router.get("/labels")
async def label_distribution(
    taxonomy: str,
    tenant: InNamespace,
    query: RangeAsked,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
) -> LabelDistribution:
    """The labels that the taxonomy has set and that stand, most frequent first."""
    about, _ = await _about(tenant, taxonomy, query)
    async with bounded(tenant.gateway.queries, "query") as connection:
        rows = await assignments.by_label(connection, about, limit)
    labels, total = (rows[0]["labels"], rows[0]["total"]) if rows else (0, 0)
    return LabelDistribution(
        taxonomy_id=str(about.taxonomy_id),
        labels=[
            LabelMetric(
                label=str(row["label"]),
                count=row["count"],
                percentage=percentage(row["count"], total),
                avg_confidence=row["score"],
            )
            for row in rows
        ],
        total_labels=labels,
        labels_returned=len(rows),
        total_assignments=total,
        truncated=len(rows) < labels,
    )


@router.get("/confidence")
async def confidence_distribution(
    taxonomy: str,
    tenant: InNamespace,
    query: RangeAsked,
    low: Annotated[float, Query(ge=0, le=1, description="What counts as low")] = LOW,
) -> ConfidenceDistribution:
    """How sure the taxonomy was by tenths, of the labels that it set and of what it found no label for."""
    about, _ = await _about(tenant, taxonomy, query)
    async with bounded(tenant.gateway.queries, "query") as connection:
        rows = await assignments.by_score(connection, about, low)
    total = sum(row["count"] for row in rows)
    counts = {row["tenth"]: row["count"] for row in rows}
    return ConfidenceDistribution(
        taxonomy_id=str(about.taxonomy_id),
        distribution=[
            ConfidenceRange(
                confidence_range=f"{tenth / 10:.1f}-{(tenth + 1) / 10:.1f}",
                count=counts.get(tenth, 0),
                percentage=percentage(counts.get(tenth, 0), total),
            )
            for tenth in range(10)
        ],
        avg_confidence=sum(row["sum"] for row in rows) / total if total else 0.0,
        low_confidence_count=sum(row["low"] for row in rows),
        matched_count=(matched := sum(row["matched"] for row in rows)),
        unmatched_count=total - matched,
    )


@router.get("/assignments")
async def assignments_over_time(taxonomy: str, tenant: InNamespace, query: RangeAsked) -> Assignments:
    """The labels that the taxonomy has set over time, and in the summary how people judged them."""
    about, period = await _about(tenant, taxonomy, query, always=True)
    async with snapshot(tenant.gateway.queries, "query") as connection:
        rows = await assignments.by_time(connection, about, period.unit)
        found = accuracy_of(await assignments.checked(connection, about), about)
    total = sum(row["count"] for row in rows)
    sure = sum(row["count"] * row["score"] for row in rows)
    checks = found.model_dump(include={"checked", "correct", "incorrect", "undecided", "false_positive_rate"})
    return Assignments(
        taxonomy_id=str(about.taxonomy_id),
        time_range=period.shown,
        metrics=[_assignment(row) for row in rows],
        summary={"total_assignments": total, "avg_confidence": sure / total if total else 0.0, **checks},
    )


def _assignment(row: asyncpg.Record) -> AssignmentMetric:
    return AssignmentMetric(
        time_bucket=row["bucket"],
        assignment_count=row["count"],
        avg_confidence=row["score"],
        unique_labels=row["labels"],
    )


@router.get("/enrichments")
async def enrichments_over_time(taxonomy: str, tenant: InNamespace, query: RangeAsked) -> Enrichments:
    """How often the taxonomy was asked over time, and how often it matched."""
    about, period = await _about(tenant, taxonomy, query, always=True)
    async with bounded(tenant.gateway.queries, "query") as connection:
        rows = await assignments.enriched(connection, about, period)
    total, matched = sum(row["count"] for row in rows), sum(row["matched"] for row in rows)
    return Enrichments(
        taxonomy_id=str(about.taxonomy_id),
        time_range=period.shown,
        metrics=[_enrichment(row) for row in rows],
        summary={"enrichment_count": total, "success_count": matched, "failure_count": total - matched},
    )


def _enrichment(row: asyncpg.Record) -> EnrichmentMetric:
    return EnrichmentMetric(
        time_bucket=row["bucket"],
        enrichment_count=row["count"],
        success_count=row["matched"],
        failure_count=row["count"] - row["matched"],
        avg_latency_ms=row["latency"],
        success_rate=row["matched"] / row["count"],
    )


@router.get("/false-positives")
async def false_positives(taxonomy: str, tenant: InNamespace, query: RangeAsked) -> Accuracy:
    """How often people found the taxonomy's labels wrong, by label; a range is about the time of the checks."""
    about, _ = await _about(tenant, taxonomy, query)
    async with bounded(tenant.gateway.queries, "query") as connection:
        return accuracy_of(await assignments.checked(connection, about), about)
