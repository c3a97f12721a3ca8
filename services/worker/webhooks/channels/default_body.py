"""The body by which an event is told when no template says otherwise, always of moderate size."""

from typing import Any

import orjson

from services.worker.webhooks.delivery_types import Event, JsonObject

MOST_BYTES = 20_000
KNOWN = frozenset({"event_id", "event_type", "alert_id", "alert_name", "execution_id", "collection_id", "match_count"})
LONGEST_KNOWN = 1_000
# A character takes up to six bytes in JSON.
MOST_NAMES, LONGEST_NAME, ROOM_FOR_NAMES = 10, 60, 4_000


def body_of(event: Event, *, is_alert: bool) -> JsonObject:
    """What is told: the flat payload of an alert, else the event with its payload as `metadata`."""
    if is_alert:
        flat = {"event_id": event.event_id, "event_type": event.event_type, **event.payload}
        return fitted(flat, MOST_BYTES)
    body = {
        "event_id": event.event_id,
        "event_type": event.event_type,
        "occurred_at": event.occurred_at.isoformat(),
        "namespace_id": event.namespace_id,
        "subject": {"type": event.subject_type, "id": event.subject_id},
    }
    return {**body, "metadata": fitted(event.payload, MOST_BYTES - len(encoded(body)) - len(b',"metadata":'))}


def fitted(payload: JsonObject, most: int) -> JsonObject:
    """The payload in at most `most` bytes: fewer matches, marked as such, and then without its largest parts."""
    if len(encoded(payload)) <= most:
        return payload
    matches = payload.get("matches")
    if isinstance(matches, list):
        payload = _with_fewer(payload, matches, most)
    return payload if len(encoded(payload)) <= most else _without_largest(payload, most)


def encoded(value: Any) -> bytes:
    """JSON; TypeError for what JSON cannot say."""
    return orjson.dumps(value)


def _with_fewer(payload: JsonObject, matches: list[Any], most: int) -> JsonObject:
    kept = len(matches)
    while kept:
        kept //= 2
        fewer = {**payload, "matches": matches[:kept], "matches_truncated": True}
        if len(encoded(fewer)) <= most:
            return fewer
    return {**payload, "matches": [], "matches_truncated": True}


def _without_largest(payload: JsonObject, most: int) -> JsonObject:
    """The parts that are known by their names, then the smallest, as long as there is room for them."""
    sizes = {name: len(encoded({name: value})) for name, value in payload.items()}
    room = most - ROOM_FOR_NAMES
    kept = set()
    for name in sorted(sizes, key=lambda each: (each not in KNOWN or sizes[each] > LONGEST_KNOWN, sizes[each])):
        room -= sizes[name]
        if room < 0:
            break
        kept.add(name)
    left_out = [name[:LONGEST_NAME] for name in payload if name not in kept]
    return {name: payload[name] for name in payload if name in kept} | {"left_out": left_out[:MOST_NAMES]}
