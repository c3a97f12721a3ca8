"""A batch's row and tally as the contract shows them, and the story of the batch as log lines: pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from services.common.database.batches.tally import (
    CANCELED,
    COMPLETED,
    COMPLETED_WITH_ERRORS,
    DRAFT,
    ENDED,
    FAILED,
    PENDING,
    PROCESSING,
    Tally,
    status_of,
)
from services.gateway.batches.shapes import Batch, FailedDocument, FailedObject, LogLine, Progress, TierTask

TRANSIENT, PERMANENT, RESOURCE = "transient", "permanent", "resource"
NO_ANSWER, LOST = "NO_ANSWER", "LOST"
EXHAUSTED = re.compile(r"\(tried \d+ times\)$")

LIFECYCLES = {
    DRAFT: "accepted",
    PENDING: "queued",
    PROCESSING: "extracting",
    COMPLETED: "indexed",
    COMPLETED_WITH_ERRORS: "indexed",
    FAILED: "failed",
    CANCELED: "canceled",
}
UNKNOWN_ERROR = "no reason was given"
Failures = Sequence[Mapping[str, Any]]
STEPS = (("created_at", "created"), ("submitted_at", "submitted"), ("last_retry_at", "retried"))


def to_batch(row: Mapping[str, Any], tally: Tally, failures: Failures, object_ids: list[str] | None) -> Batch:
    """A batch as it is now; `failures` are some of its failed items, newest first."""
    status = status_now(row, tally)
    failed = [to_failed_object(each) for each in failures]
    return Batch(
        **{name: row[name] for name in COPIED},
        status=status,
        object_ids=object_ids,
        effective_dedup_strategy=row["dedup_strategy"],
        failed_objects=failed,
        failed_object_count=tally.failed,
        unaccounted_object_count=tally.lost,
        error_summary=dict(Counter(each.error.partition(":")[0] for each in failed)),
        progress=_progress(tally, failed),
        tier_tasks=_tiers(row, status),
        current_tier=None if status == DRAFT else 0,
        status_message=_message(status, tally),
        lifecycle=LIFECYCLES[status],
        lifecycle_reason=row["error"],
    )


COPIED = (
    "batch_id",
    "bucket_id",
    "namespace_id",
    "batch_name",
    "collection_ids",
    "dedup_strategy",
    "task_id",
    "metadata",
    "error",
    "retry_count",
    "last_retry_at",
    "retry_reason",
    "created_at",
    "updated_at",
)


def status_now(row: Mapping[str, Any], tally: Tally) -> str:
    """The status as the objects' records say; what has ended stays as it ended."""
    if row["status"] == DRAFT or row["status"] in ENDED:
        return str(row["status"])
    return status_of(tally, is_loaded=row["is_loaded"])


def to_failed_object(row: Mapping[str, Any]) -> FailedObject:
    """FailedObjectRecord."""
    return FailedObject(**_failure(row))


def to_failed_document(row: Mapping[str, Any]) -> FailedDocument:
    """A failed item of a batch."""
    return FailedDocument(**_failure(row), collection_id=row["collection_id"], retry_count=row["retries"])


def _failure(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "object_id": row["object_id"],
        "error": row["reason"] or UNKNOWN_ERROR,
        "error_type": failure_kind(row["reason"]),
        "timestamp": row["updated_at"].isoformat(),
    }


def _progress(tally: Tally, failed: Sequence[FailedObject]) -> Progress:
    return Progress(
        processed=tally.ended,
        total=tally.total,
        percent=round(100.0 * tally.ended / tally.total, 1) if tally.total else 0.0,
        errors=tally.failed + tally.lost,
        first_error=failed[-1].error if failed else None,
        objects_extracted=tally.completed,
        objects_skipped=tally.skipped,
        objects_failed=tally.failed,
    )


def _tiers(row: Mapping[str, Any], status: str) -> list[TierTask]:
    if status == DRAFT:
        return []
    collections = row["collection_ids"] or None
    return [
        TierTask(tier_num=0, task_id=row["task_id"], status=status, collection_ids=collections, source_type="bucket")
    ]


def _message(status: str, tally: Tally) -> str:
    if status == DRAFT:
        return f"{tally.total} objects; submit the batch to process them."
    counts = (
        ("completed", tally.completed),
        ("failed", tally.failed),
        ("skipped", tally.skipped),
        ("processing", tally.processing),
        ("pending", tally.pending),
        ("lost", tally.lost),
    )
    shown = ", ".join(f"{count} {name}" for name, count in counts if count)
    return f"{tally.total} objects: {shown or 'none'}."


def failure_kind(reason: str | None) -> str:
    """`transient`: tried until no attempt was left; `resource`: its processing ended without an answer."""
    text = reason or ""
    if text.startswith(NO_ANSWER):
        return RESOURCE
    return TRANSIENT if text.startswith(LOST) or EXHAUSTED.search(text) else PERMANENT


def lines_of(row: Mapping[str, Any], failures: Sequence[Mapping[str, Any]]) -> list[LogLine]:
    """What happened, oldest first."""
    steps = [*STEPS, ("ended_at", f"ended {row['status']}")]
    lines = [
        LogLine(timestamp=row[column], level="info", message=f"Batch {row['batch_id']} was {what}.")
        if column != "ended_at"
        else LogLine(timestamp=row[column], level="info", message=f"Batch {row['batch_id']} {what}.")
        for column, what in steps
        if row[column] is not None
    ]
    return sorted([*lines, *(_failure_line(each) for each in failures)], key=lambda line: line.timestamp)


def _failure_line(row: Mapping[str, Any]) -> LogLine:
    message = f"{row['object_id']} in {row['collection_id']}: {row['reason']}"
    return LogLine(timestamp=row["updated_at"], level="error", message=message)
