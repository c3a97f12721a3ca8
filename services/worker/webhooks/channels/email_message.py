"""The e-mail that tells of an event."""

import html
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any

import orjson
from markdown_it import MarkdownIt

from services.worker.webhooks.channels.default_body import body_of
from services.worker.webhooks.channels.default_text import headline, paragraphs
from services.worker.webhooks.channels.response_outcome import shortened
from services.worker.webhooks.channels.template_content import rendered
from services.worker.webhooks.delivery_types import Delivery, JsonObject, Target

LONGEST_SUBJECT = 200


async def message_of(target: Target, delivery: Delivery, sender: str) -> tuple[EmailMessage, str | None]:
    """The message, without its hidden recipients, and why a template could not be used.

    ValueError when an address cannot stand in a header.
    """
    config, body = target.config, body_of(delivery.event, is_alert=target.is_alert)
    subject, subject_note = await _text(config.get("subject_template"), body, "subject_template", headline(body))
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(config["to_addresses"])
    if config.get("cc_addresses"):
        message["Cc"] = ", ".join(config["cc_addresses"])
    message["Subject"] = shortened(subject)[:LONGEST_SUBJECT]
    message["Date"] = format_datetime(delivery.event.occurred_at)
    # The same for each attempt, so that mailboxes can drop a repetition.
    message["Message-ID"] = f"<{delivery.delivery_id}@likeness>"
    message["Auto-Submitted"] = "auto-generated"
    note = await _fill(message, config, body)
    return message, subject_note or note


async def _fill(message: EmailMessage, config: JsonObject, body: JsonObject) -> str | None:
    kind, template = config.get("content_type") or "plain_text", config.get("body_template")
    known = _escaped(body) if kind == "html" else body
    text, note = await _text(template, known, "body_template", "")
    if not template or note:
        kind, text = ("json", _json(body)) if kind == "json" else ("plain_text", paragraphs(body))
    match kind:
        case "html":
            message.set_content(text, subtype="html")
        case "markdown":
            message.set_content(text)
            message.add_alternative(MarkdownIt("js-default").render(text), subtype="html")
        case "json":
            message.set_content(text.encode(), maintype="application", subtype="json", disposition="inline")
        case _:
            message.set_content(text)
    return note


async def _text(template: str | None, body: JsonObject, name: str, default: str) -> tuple[str, str | None]:
    if not template:
        return default, None
    value, note = await rendered(template, body, name, _as_text)
    return (default if note else value), note


def _as_text(value: Any) -> str:
    text = value if isinstance(value, str) else _json(value)
    text.encode()
    return text


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()


def _escaped(value: Any) -> Any:
    """The value with the texts in it safe to stand in HTML."""
    match value:
        case str():
            return html.escape(value)
        case dict():
            return {html.escape(str(key)): _escaped(each) for key, each in value.items()}
        case list():
            return [_escaped(each) for each in value]
        case _:
            return value
