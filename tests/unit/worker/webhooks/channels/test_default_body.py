"""What is told of an event is complete, of moderate size, and readable."""

from datetime import UTC, datetime
from typing import Any

import orjson

from services.worker.webhooks.channels.default_body import MOST_BYTES, body_of, encoded
from services.worker.webhooks.channels.default_text import headline, paragraphs
from services.worker.webhooks.delivery_types import Event


def event(payload: dict[str, Any], event_type: str = "object.created") -> Event:
    """An event about an object."""
    return Event(
        event_id="evt_1",
        event_type=event_type,
        namespace_id="ns_1",
        occurred_at=datetime(2026, 3, 1, tzinfo=UTC),
        subject_type="object",
        subject_id="obj_1",
        payload=payload,
    )


ALERT = {"event_type": "alert.triggered", "alert_id": "alt_1", "alert_name": "unknown", "match_count": 2}


def test_an_alert_is_flat_and_has_the_id_of_its_event() -> None:
    assert body_of(event(ALERT, "alert.triggered"), is_alert=True) == {"event_id": "evt_1", **ALERT}


def test_too_many_matches_are_cut_and_said_to_be() -> None:
    matches = [{"document_id": f"doc_{number}", "score": 1.0, "metadata": {"x": "y" * 100}} for number in range(500)]
    for is_alert in (True, False):
        body = body_of(event({**ALERT, "match_count": 500, "matches": matches}, "alert.triggered"), is_alert=is_alert)
        told = body if is_alert else body["metadata"]
        assert len(encoded(body)) <= MOST_BYTES
        assert told["match_count"] == 500
        assert told["matches_truncated"] is True
        assert told["matches"] == matches[: len(told["matches"])]
        assert len(told["matches"]) > 20


def test_other_large_parts_are_left_out_and_named() -> None:
    body = body_of(event({"large": "x" * 30_000, "small": 1, "larger": ["y" * 50_000]}), is_alert=False)
    assert body["metadata"] == {"small": 1, "left_out": ["large", "larger"]}


def test_nothing_makes_a_body_too_large() -> None:
    payloads: list[dict[str, Any]] = [
        {f"k{number}" * 50: "v" * 50 for number in range(5_000)},
        {"x" * 100_000: 1},
        {"alert_id": "z" * 100_000},
        {f"\x01{number}" * 40: ["v" * 5_000] for number in range(50)},
        {"matches": [{"a": "b" * 100_000}]},
    ]
    for payload in payloads:
        for is_alert in (True, False):
            assert len(encoded(body_of(event(payload), is_alert=is_alert))) <= MOST_BYTES


def test_a_person_reads_what_happened() -> None:
    assert headline(body_of(event({}), is_alert=False)) == "object.created: object obj_1"
    assert headline(body_of(event(ALERT, "alert.triggered"), is_alert=True)) == "Alert 'unknown': 2 documents match"
    text = paragraphs(body_of(event({"bucket_id": "bkt_1", "tags": ["a", "b"], "deep": {"x": 1}}), is_alert=False))
    assert text.splitlines()[:2] == ["object.created: object obj_1", ""]
    assert "bucket_id: bkt_1" in text
    assert "tags: a, b" in text
    assert "subject id: obj_1" in text


def test_a_body_is_json() -> None:
    body = body_of(event({"ü": [None, 1.5]}), is_alert=False)
    assert orjson.loads(encoded(body)) == body
