"""The story of a batch, from the times that its row keeps and the reasons of its failures: pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from services.gateway.batches.shapes import LogLine

STEPS = (("created_at", "created"), ("submitted_at", "submitted"), ("last_retry_at", "retried"))


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
    return sorted([*lines, *(_failure(each) for each in failures)], key=lambda line: line.timestamp)


def _failure(row: Mapping[str, Any]) -> LogLine:
    message = f"{row['object_id']} in {row['collection_id']}: {row['reason']}"
    return LogLine(timestamp=row["updated_at"], level="error", message=message)
