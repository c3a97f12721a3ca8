"""What an execution keeps of its matches, and what a channel is told of them: pure, and bounded."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from services.worker.alerts.watched_alert import Found, JsonObject, Match

MOST_METADATA_BYTES = 1_000
MOST_PAYLOAD_BYTES = 16_000
NUL = b"\\u0000"


def kept_matches(matches: Sequence[Match]) -> list[JsonObject]:
    """The matches in the contract's form; fields that are large are left out."""
    return [
        {
            "document_id": match.document_id,
            "asset_id": match.object_id,
            "score": match.score,
            "matched_features": _bounded(match.features),
            "metadata": _bounded(match.fields),
        }
        for match in matches
    ]


def _bounded(fields: Mapping[str, Any]) -> JsonObject | None:
    text = orjson.dumps(dict(fields))
    return dict(fields) if fields and len(text) <= MOST_METADATA_BYTES and NUL not in text else None


def payload_of(
    alert: Mapping[str, Any],
    execution_id: str,
    found: Found,
    matches: Sequence[JsonObject],
    *,
    triggered_at: str,
    collection_name: str | None,
) -> JsonObject:
    """The payload of `alert.triggered`, as much of the matches in it as there is room for."""
    config = alert["notification_config"]
    payload: JsonObject = {
        "event_type": "alert.triggered",
        "alert_id": alert["alert_id"],
        "alert_name": alert["alert_name"],
        "execution_id": execution_id,
        "collection_id": found.collection_id,
        "collection_name": collection_name,
        "match_count": found.count,
        "triggered_at": triggered_at,
    }
    if found.arrived:
        payload["source_documents"] = list(found.arrived)
    if found.details is not None:
        payload["condition"] = found.details
    if config["include_matches"] and found.details is None:
        payload["matches"] = _fitting(matches, with_scores=config["include_scores"])
        if len(payload["matches"]) < len(matches):
            payload["matches_truncated"] = True
    return payload


def _fitting(matches: Sequence[JsonObject], *, with_scores: bool) -> list[JsonObject]:
    left_out = {"matched_features"} if with_scores else {"matched_features", "score"}
    fitting, size = [], 0
    for match in matches:
        told = {name: value for name, value in match.items() if name not in left_out and value is not None}
        size += len(orjson.dumps(told))
        if size > MOST_PAYLOAD_BYTES:
            break
        fitting.append(told)
    return fitting
