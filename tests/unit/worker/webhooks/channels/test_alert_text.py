"""What a person reads of an alert says what was found, where, and what can be done."""

from typing import Any

import pytest

from services.worker.webhooks.channels.default_text import headline, paragraphs

ALERT: dict[str, Any] = {
    "event_id": "evt_1",
    "event_type": "alert.triggered",
    "alert_id": "alt_1",
    "alert_name": "unknown",
    "execution_id": "exec_1",
    "collection_id": "col_1",
    "collection_name": "products",
    "triggered_at": "2026-01-02T03:04:05Z",
}
FIELDS = {"processing_time_ms": 9.1, "price": 12.5, "deep": {"x": 1}}
MATCH = {"document_id": "doc_1", "asset_id": "obj_1", "score": 0.912, "metadata": FIELDS}
STALE = {"resource_type": "batch", "resource_id": "btch_1", "value": 31.0}


@pytest.mark.parametrize(
    ("found", "line"),
    [
        ({"match_count": 1}, "1 document matches"),
        ({"match_count": 2}, "2 documents match"),
        ({"match_count": 0}, "nothing matches"),
        ({"match_count": 2, "condition": {"type": "batch_stalled", "resources": [STALE]}}, "batch stalled, 2 batches"),
        ({"match_count": 1, "condition": {"type": "dlq_growth", "resources": []}}, "dlq growth, 1 resource"),
        ({}, "its condition holds"),
    ],
)
def test_the_subject_says_what_was_found(found: dict[str, Any], line: str) -> None:
    assert headline(ALERT | found) == f"Alert 'unknown': {line}"
    as_webhook = {"event_type": "alert.triggered", "metadata": ALERT | found}
    assert headline(as_webhook) == headline(ALERT | found)


def test_the_text_names_collection_documents_and_what_to_do_next() -> None:
    text = paragraphs(ALERT | {"match_count": 12, "matches": [MATCH]})
    assert text.splitlines() == [
        "Alert 'unknown': 12 documents match",
        "",
        "Collection: products (col_1)",
        "Time: 2026-01-02T03:04:05Z",
        "",
        "- doc_1 of object obj_1, score 0.91; price: 12.5",
        "... and 11 more",
        "",
        "All that was found: GET /v1/alerts/executions/exec_1",
        "To change or disable this alert: PATCH /v1/alerts/alt_1",
    ]


@pytest.mark.parametrize(
    ("kind", "value", "line"),
    [
        ("batch_stalled", 31.0, "- batch btch_1: 31 minutes"),
        ("batch_error_rate", 0.254, "- batch btch_1: 25% of its items failed"),
        ("batch_failed", 1, "- batch btch_1"),
        ("unheard_of", 3, "- batch btch_1: 3"),
    ],
)
def test_the_text_names_what_is_in_trouble_and_how_much(kind: str, value: float, line: str) -> None:
    condition = {"type": kind, "resources": [STALE | {"value": value}]}
    lines = paragraphs(ALERT | {"match_count": 1, "condition": condition}).splitlines()
    assert line in lines
    assert not any(each.startswith("Collection") for each in lines)


def test_new_documents_that_an_alert_was_asked_about_are_named() -> None:
    text = paragraphs(ALERT | {"match_count": 1, "matches": [MATCH], "source_documents": ["doc_8", "doc_9"]})
    assert "New: doc_8, doc_9" in text.splitlines()


def test_odd_payloads_are_told_all_the_same() -> None:
    assert paragraphs({"event_type": "alert.triggered", "alert_name": "x", "match_count": 3, "matches": ["?", {}]})
    assert paragraphs({"event_type": "alert.triggered", "alert_name": "x", "condition": 3, "source_documents": 1})
