"""What people read of an event when no template says otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any

from services.worker.webhooks.channels.alert_text import alert_headline, alert_paragraphs

MOST_LINES = 30
LONGEST_VALUE = 300


def headline(body: Mapping[str, Any]) -> str:
    """One line that says what happened."""
    if told := _of_alert(body):
        return alert_headline(told)
    subject = body.get("subject", {})
    return f"{body.get('event_type', 'event')}: {subject.get('type', '')} {subject.get('id', '')}".strip(": ")


def paragraphs(body: Mapping[str, Any]) -> str:
    """The headline, and below it a line for each thing that the event says."""
    if told := _of_alert(body):
        return alert_paragraphs(told)
    return "\n".join([headline(body), "", *_lines(body)])


def _of_alert(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """What an alert has told; None for any other event."""
    told: Mapping[str, Any] = body.get("metadata", body)
    return told if body.get("event_type") == "alert.triggered" and told.get("alert_name") else None


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
