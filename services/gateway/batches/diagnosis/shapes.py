"""What is wrong with a batch, and what to do about it: pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.common.database.batches.tally import CANCELED, DRAFT, ENDED, Tally
from services.gateway.batches.shapes import FailedDocument
from services.gateway.batches.views import PERMANENT, failure_kind, status_now, to_failed_document
from services.gateway.kit.shapes import Answer

SILENCE = timedelta(minutes=5)


class BatchTiming(Answer):
    """When things happened; `seconds` runs from submission to the end, or to now."""

    created_at: datetime
    submitted_at: datetime | None
    last_progress_at: datetime | None
    ended_at: datetime | None
    seconds: float | None


class BatchCounts(Answer):
    """The objects of a batch by state."""

    total: int
    pending: int
    processing: int
    completed: int
    failed: int
    skipped: int
    lost: int


class BatchDiagnosis(Answer):
    """A batch at a glance; `errors` counts failures by the reason that they begin with, `error_kinds` by their kind."""

    batch_id: str
    bucket_id: str
    status: str
    is_stalled: bool
    timing: BatchTiming
    progress: BatchCounts
    errors: dict[str, int]
    error_kinds: dict[str, int]
    failed_documents: list[FailedDocument]
    recommendations: list[str]


def diagnosed(
    row: Mapping[str, Any],
    tally: Tally,
    failures: Sequence[Mapping[str, Any]],
    last_progress: datetime | None,
    now: datetime,
) -> BatchDiagnosis:
    """The diagnosis of a batch; `failures` are its newest failed items."""
    status = status_now(row, tally)
    stalled = status not in (DRAFT, *ENDED) and now - (last_progress or row["updated_at"]) > SILENCE
    kinds = Counter(failure_kind(each["reason"]) for each in failures)
    return BatchDiagnosis(
        batch_id=row["batch_id"],
        bucket_id=row["bucket_id"],
        status=status,
        is_stalled=stalled,
        timing=_timing(row, last_progress, now),
        progress=BatchCounts(**{name: getattr(tally, name) for name in BatchCounts.model_fields}),
        errors=dict(Counter((each["reason"] or "UNKNOWN").partition(":")[0] for each in failures)),
        error_kinds=dict(kinds),
        failed_documents=[to_failed_document(each) for each in failures],
        recommendations=_advice(status, tally, kinds, stalled=stalled),
    )


def _timing(row: Mapping[str, Any], last_progress: datetime | None, now: datetime) -> BatchTiming:
    begun, ended = row["submitted_at"], row["ended_at"]
    return BatchTiming(
        created_at=row["created_at"],
        submitted_at=begun,
        last_progress_at=last_progress,
        ended_at=ended,
        seconds=round(((ended or now) - begun).total_seconds(), 3) if begun else None,
    )


def _advice(status: str, tally: Tally, kinds: Mapping[str, int], *, stalled: bool) -> list[str]:
    passing = sum(kinds.values()) - kinds.get(PERMANENT, 0)
    rules = (
        (status == DRAFT, "It has not been submitted: POST .../submit."),
        (status == CANCELED, "It was canceled: POST .../resubmit runs it once more."),
        (stalled, "Nothing has ended for five minutes: GET /v1/health says whether every service works."),
        (bool(tally.lost), f"The records of {tally.lost} objects are gone: POST .../retry processes them."),
        (bool(passing), "Some failed for a reason that may pass: POST .../retry tries those again."),
        (bool(kinds.get(PERMANENT)), "Some fail whenever they are tried: correct those objects, then resubmit."),
    )
    return [advice for holds, advice in rules if holds]
