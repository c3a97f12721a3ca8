"""What people read of an alert when no template says otherwise: what, where, which documents, and what to do next."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MOST_SHOWN = 10
MOST_FIELDS = 4
LONGEST_FIELD = 80
PLURALS = {"batch": "batches"}
# What the extractors add to every document says nothing about this one.
NOISE = frozenset({"processing_time_ms"})
UNITS = {
    "collection_empty": "documents",
    "collection_stale": "minutes",
    "batch_stalled": "minutes",
    "ingest_stalled": "waiting",
    "task_queue_degraded": "waiting",
    "dlq_growth": "failed objects",
    "retriever_latency": "ms",
    "batch_error_rate": "of its items failed",
    "retriever_no_results": "of its executions found nothing",
}
SHARES = frozenset({"batch_error_rate", "retriever_no_results"})
JsonObject = Mapping[str, Any]


def alert_headline(told: JsonObject) -> str:
    """One line: the alert, and how much it found."""
    return f"Alert '{told['alert_name']}': {_finding(told)}"


def alert_paragraphs(told: JsonObject) -> str:
    """The headline, where and when, the best of what was found, and where to read on."""
    lines = [alert_headline(told), "", *_circumstances(told), "", *_found(told), *_next(told)]
    return "\n".join(lines)


def _finding(told: JsonObject) -> str:
    count, condition = told.get("match_count"), told.get("condition")
    if not isinstance(count, int):
        return "its condition holds"
    if isinstance(condition, Mapping):
        kinds = [str(each.get("resource_type")) for each in _rows(condition, "resources")] or ["resource"]
        return f"{str(condition.get('type')).replace('_', ' ')}, {_counted(count, kinds[0])}"
    if count == 0:
        return "nothing matches"
    return f"{_counted(count, 'document')} {'matches' if count == 1 else 'match'}"


def _counted(count: int, kind: str) -> str:
    return f"{count} {kind if count == 1 else PLURALS.get(kind, f'{kind}s')}"


def _circumstances(told: JsonObject) -> Iterator[str]:
    identity = told.get("collection_id")
    if identity and "condition" not in told:
        name = told.get("collection_name")
        yield f"Collection: {name} ({identity})" if name else f"Collection: {identity}"
    if moment := told.get("triggered_at"):
        yield f"Time: {moment}"
    new = told.get("source_documents")
    if isinstance(new, list) and new:
        more = ", ..." if len(new) > MOST_SHOWN else ""
        yield f"New: {', '.join(str(each) for each in new[:MOST_SHOWN])}{more}"


def _found(told: JsonObject) -> Iterator[str]:
    condition = told.get("condition")
    if isinstance(condition, Mapping):
        shown = [_resource(str(condition.get("type")), each) for each in _rows(condition, "resources")[:MOST_SHOWN]]
    else:
        shown = [_document(each) for each in _rows(told, "matches")[:MOST_SHOWN]]
    if not shown:
        return
    yield from (f"- {line}" for line in shown)
    more = int(told.get("match_count") or 0) - len(shown)
    if more > 0:
        yield f"... and {more} more"
    yield ""


def _resource(kind: str, row: JsonObject) -> str:
    value = row.get("value")
    share = kind in SHARES and isinstance(value, int | float)
    measured = f"{value:.0%} {UNITS[kind]}" if share else f"{_shortened(value)} {UNITS.get(kind, '')}".strip()
    name = f"{row.get('resource_type')} {row.get('resource_id')}"
    return name if kind == "batch_failed" else f"{name}: {measured}"


def _document(match: JsonObject) -> str:
    of = f" of object {match['asset_id']}" if match.get("asset_id") else ""
    score = f", score {match['score']:.2f}" if isinstance(match.get("score"), int | float) else ""
    metadata = match.get("metadata")
    fields = metadata if isinstance(metadata, Mapping) else {}
    plain = [
        f"{name}: {_shortened(value)}"
        for name, value in fields.items()
        if name not in NOISE and isinstance(value, str | int | float)
    ]
    return f"{match.get('document_id')}{of}{score}" + "".join(f"; {each}" for each in plain[:MOST_FIELDS])


def _next(told: JsonObject) -> Iterator[str]:
    if execution := told.get("execution_id"):
        yield f"All that was found: GET /v1/alerts/executions/{execution}"
    if alert := told.get("alert_id"):
        yield f"To change or disable this alert: PATCH /v1/alerts/{alert}"


def _rows(told: JsonObject, name: str) -> Sequence[JsonObject]:
    given = told.get(name)
    return [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []


def _shortened(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= LONGEST_FIELD else text[:LONGEST_FIELD] + "..."
