"""What people read of an event when no template says otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any

MOST_LINES = 30
LONGEST_VALUE = 300


def headline(body: Mapping[str, Any]) -> str:
    """One line that says what happened."""
    told = body.get("metadata", body)
    if body.get("event_type") == "alert.triggered" and told.get("alert_name"):
        return f"Alert '{told['alert_name']}': {_matched(told)}"
    subject = body.get("subject", {})
    return f"{body.get('event_type', 'event')}: {subject.get('type', '')} {subject.get('id', '')}".strip(": ")


def paragraphs(body: Mapping[str, Any]) -> str:
    """The headline, and below it a line for each thing that the event says."""
    return "\n".join([headline(body), "", *_lines(body)])


def _matched(told: Mapping[str, Any]) -> str:
    count = told.get("match_count")
    if not isinstance(count, int):
        return "its condition holds"
    return f"{count} {'document matches' if count == 1 else 'documents match'}"


def _lines(body: Mapping[str, Any]) -> Iterator[str]:
    flat = {name: value for name, value in body.items() if name not in ("subject", "metadata")}
    flat |= {f"subject {name}": value for name, value in body.get("subject", {}).items()}
    flat |= body.get("metadata", {})
    for name, value in list(flat.items())[:MOST_LINES]:
        if shown := _shown(value):
            yield f"{name}: {shown}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping) or value is None or value == []:
        return ""
    if isinstance(value, list):
        names = [str(each) for each in value if not isinstance(each, Mapping | list)]
        text = ", ".join(names) if names else f"{len(value)} of them"
    else:
        text = str(value)
    return text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "..."
