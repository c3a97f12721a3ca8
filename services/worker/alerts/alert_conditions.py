"""Whether what was found is what an alert waits for: pure."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

from services.common.extractors.passthrough import lookup
from services.worker.alerts.watched_alert import Found, JsonObject, Match, WatchedAlert

MISSING = object()
ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def holds(watched: WatchedAlert, found: Found) -> bool:
    """The condition: nothing found for `no_results`, else enough results whose first one passes the threshold."""
    if watched.source == "system":
        return found.count > 0
    if watched.trigger_on == "no_results":
        return found.count == 0
    if found.count < (watched.min_count or 1):
        return False
    return watched.threshold is None or _passes(watched.threshold, found)


def _passes(threshold: JsonObject, found: Found) -> bool:
    value = _value(threshold["field"], found)
    wanted, name = threshold["value"], threshold["operator"]
    if value is MISSING:
        return False
    values = value if isinstance(value, list) else [value]
    if name in ("eq", "ne"):
        return any(_equal(each, wanted) for each in values) is (name == "eq")
    return any(_comparable(each, wanted) and ORDERS[name](each, wanted) for each in values)


def _value(field: str, found: Found) -> Any:
    """The field of the first result: its score, ids, what stages set, the document's; else `match_count`."""
    if found.matches:
        value = lookup(_shown(found.matches[0]), field, MISSING)
        if value is not MISSING:
            return value
    return found.count if field == "match_count" else MISSING


def _shown(match: Match) -> JsonObject:
    inside = match.fields.get("metadata")
    fields = {**(inside if isinstance(inside, dict) else {}), **match.fields, "metadata": match.fields}
    own = {"document_id": match.document_id, "collection_id": match.collection_id, "score": match.score}
    return fields | match.features | own


def _comparable(value: Any, wanted: Any) -> bool:
    """Numbers with numbers and texts with texts, such as times; truth values have no order."""
    return (_is_number(value) and _is_number(wanted)) or (isinstance(value, str) and isinstance(wanted, str))


def _equal(value: Any, wanted: Any) -> bool:
    """JSON's equality: true is not 1."""
    return isinstance(value, bool) is isinstance(wanted, bool) and bool(value == wanted)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
