"""The objects that a collection was given against the documents that it has of them."""

from typing import Literal

import asyncpg

from services.gateway.kit.shapes import Answer

REASONS = {"FAILED": "failed", "PENDING": "processing", "PROCESSING": "processing", "COMPLETED": "no_document"}


class Discrepancy(Answer):
    """ReconciliationDiscrepancy; `error` says why an object failed, or why nothing was found in it."""

    object_id: str
    bucket_id: str
    reason: Literal["no_document", "failed", "processing", "skipped", "unknown"]
    status: str
    age_seconds: float
    error: str | None


class Reconciliation(Answer):
    """CollectionReconciliationResponse: `delta` objects were submitted and have no document.

    Beside it: objects of the sources that were never submitted, such as those uploaded with `auto_process=false`, and
    documents whose object lies in none of the collection's sources, such as those created directly.
    """

    collection_id: str
    source_object_count: int
    produced_object_count: int
    document_count: int
    delta: int
    failed_object_count: int
    processing_object_count: int
    empty_object_count: int
    unsubmitted_object_count: int
    orphaned_document_count: int
    discrepancies: list[Discrepancy]
    discrepancies_truncated: bool
    limit: int


def to_discrepancy(row: asyncpg.Record) -> Discrepancy:
    """From an object that was submitted and has no document."""
    return Discrepancy(
        object_id=row["object_id"],
        bucket_id=row["bucket_id"],
        reason=REASONS[row["state"]],
        status=row["status"],
        age_seconds=max(0.0, row["age"]),
        error=row["error"],
    )
