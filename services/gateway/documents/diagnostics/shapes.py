"""What support asks of a document: where its file is, whether it can be found, what failed, what was done. Pure."""

from collections.abc import Mapping
from typing import Any

from services.gateway.kit.shapes import Answer, JsonObject

LONGEST = 1e9


class Download(Answer):
    """SceneDownloadResponse: the file is the whole source, never cut; the times are the document's place in it."""

    download_url: str
    cached: bool = False
    start_time: float
    end_time: float


class Visibility(Answer):
    """VisibilityReason."""

    searchable: bool
    reason: str
    source_object_id: str


class Failure(Answer):
    """RecentFailure."""

    source: str
    object_id: str
    status: str
    error: str | None


class Failures(Answer):
    """RecentFailures."""

    failures: list[Failure]
    reason: str | None


class HistoryEntry(Answer):
    """DiagnosticHistoryEntry."""

    source: str
    timestamp: str | None
    detail: JsonObject


class History(Answer):
    """DiagnosticHistory."""

    entries: list[HistoryEntry]
    reason: str | None


class Diagnostics(Answer):
    """DocumentDiagnosticsResponse."""

    document_id: str
    collection_id: str
    source_object_id: str
    visibility_reason: Visibility
    recent_failures: Failures
    diagnostic_history: History


def times_of(fields: Mapping[str, Any]) -> tuple[float, float]:
    """Where a document begins and ends in its source, in seconds; a moment is both, and nothing is 0."""
    moment = _seconds(fields.get("timestamp")) or 0.0
    begin = _seconds(fields.get("start_time"))
    end = _seconds(fields.get("end_time"))
    start = moment if begin is None else begin
    return start, start if end is None else max(start, end)


def _seconds(value: Any) -> float | None:
    sound = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < LONGEST
    return float(value) if sound else None


def diagnostics_of(row: Mapping[str, Any]) -> Diagnostics:
    """From a document with its slot, the number of its vectors, and the state of its object and its processing."""
    return Diagnostics(
        document_id=row["document_id"],
        collection_id=row["collection_id"],
        source_object_id=row["object_id"],
        visibility_reason=_visibility(row),
        recent_failures=_failures(row),
        diagnostic_history=_history(row),
    )


def _visibility(row: Mapping[str, Any]) -> Visibility:
    searchable = row["vectors"] > 0
    if searchable:
        reason = "The document has its vector; the index reads it from the database."
    elif row["feature_uri"] is None:
        reason = "Its collection makes no vectors: filters find the document, a search by likeness cannot."
    elif "no_embedding" in row["internal"]:
        reason = f"It has no vector: {row['internal']['no_embedding']['message']}"
    else:
        reason = f"It has no vector for {row['feature_uri']}, as when it was created without one."
    return Visibility(searchable=searchable, reason=reason, source_object_id=row["object_id"])


def _failures(row: Mapping[str, Any]) -> Failures:
    found = [
        Failure(source=source, object_id=row["object_id"], status=row[f"{source}_status"], error=row[f"{source}_error"])
        for source in ("processing", "object")
        if row[f"{source}_status"] == "FAILED"
    ]
    return Failures(failures=found, reason=None if found else "Nothing has failed since it was last processed.")


def _history(row: Mapping[str, Any]) -> History:
    done = (row["internal"].get("processing") or {}).get("history") or []
    entries = [HistoryEntry(source="processing.history", timestamp=each.get("at"), detail=each) for each in done]
    if row["note"]:
        noted_at = row["processed_at"].isoformat()
        entries.append(HistoryEntry(source="processing.note", timestamp=noted_at, detail={"note": row["note"]}))
    return History(entries=entries, reason=None if entries else "It was created directly: nothing processed it.")
