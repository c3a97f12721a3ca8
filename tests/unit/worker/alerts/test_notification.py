"""What is told of an alert is bounded, and holds what its owner wants told."""

from typing import Any

import orjson

from services.worker.alerts.notification import MOST_METADATA_BYTES, kept_matches, payload_of
from services.worker.alerts.watched_alert import Found, Match

AT = "2026-01-02T03:04:05Z"
CIRCUMSTANCES = {"triggered_at": AT, "collection_name": "products"}


def matches(count: int, **fields: Any) -> tuple[Match, ...]:
    return tuple(
        Match(
            document_id=f"doc_{number}",
            collection_id="col_1",
            object_id=f"obj_{number}",
            score=1.0,
            fields=fields,
            features={},
        )
        for number in range(count)
    )


def alert(**config: bool) -> dict[str, Any]:
    shown = {"include_matches": True, "include_scores": True, **config}
    return {"alert_id": "alt_1", "alert_name": "unknown", "notification_config": shown}


def told(found: Found, **config: bool) -> dict[str, Any]:
    return payload_of(
        alert(**config), "exec_1", found, kept_matches(found.matches), triggered_at=AT, collection_name="products"
    )


def test_a_channel_is_told_what_fired_and_what_was_found() -> None:
    found = Found(count=2, collection_id="col_1", matches=matches(2, colour="red"))
    assert told(found) == {
        "event_type": "alert.triggered",
        "alert_id": "alt_1",
        "alert_name": "unknown",
        "execution_id": "exec_1",
        "collection_id": "col_1",
        "collection_name": "products",
        "match_count": 2,
        "triggered_at": AT,
        "matches": [
            {"document_id": f"doc_{n}", "asset_id": f"obj_{n}", "score": 1.0, "metadata": {"colour": "red"}}
            for n in range(2)
        ],
    }


def test_matches_and_scores_are_left_out_where_they_are_not_wanted() -> None:
    found = Found(count=1, collection_id="col_1", matches=matches(1))
    assert "matches" not in told(found, include_matches=False)
    assert "score" not in told(found, include_scores=False)["matches"][0]


def test_a_system_condition_tells_what_it_measured() -> None:
    details = {"type": "batch_failed", "resources": []}
    payload = told(Found(count=1, collection_id="", details=details))
    assert payload["condition"] == details
    assert "matches" not in payload


def test_a_payload_stays_under_twenty_kilobytes_however_much_was_found() -> None:
    found = Found(count=5000, collection_id="col_1", matches=matches(50, text="x" * (MOST_METADATA_BYTES - 100)))
    payload = told(found)
    assert len(orjson.dumps(payload)) < 20_000
    assert payload["match_count"] == 5000
    assert 0 < len(payload["matches"]) < 50
    assert payload["matches_truncated"]


def test_fields_that_are_large_or_cannot_be_stored_are_left_out() -> None:
    (large,) = kept_matches(matches(1, text="x" * MOST_METADATA_BYTES))
    (unstorable,) = kept_matches(matches(1, text="\0"))
    assert (large["metadata"], unstorable["metadata"]) == (None, None)
