"""The channel `slack`: a message to an incoming webhook of Slack."""

from dataclasses import replace
from typing import Any

import aiohttp
import orjson

from services.worker.webhooks.channels.default_body import body_of, encoded
from services.worker.webhooks.channels.default_text import paragraphs
from services.worker.webhooks.channels.http_post import Letter, post
from services.worker.webhooks.channels.template_content import rendered
from services.worker.webhooks.delivery_types import Delivery, JsonObject, Outcome, Target

LOOKS = ("channel", "username", "icon_emoji", "icon_url")


class SlackChannel:
    """Posts to Slack."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def send(self, target: Target, delivery: Delivery) -> Outcome:
        """One attempt."""
        message, note = await message_of(target, delivery)
        letter = Letter(url=target.config["webhook_url"], body=encoded(message), headers={})
        outcome = await post(self._session, letter)
        return replace(outcome, error=outcome.error or note)


async def message_of(target: Target, delivery: Delivery) -> tuple[JsonObject, str | None]:
    """The message, and why `blocks_template` could not be used."""
    body = body_of(delivery.event, is_alert=target.is_alert)
    message = {"text": escaped(paragraphs(body))}
    message |= {name: target.config[name] for name in LOOKS if target.config.get(name)}
    template = target.config.get("blocks_template")
    if not template:
        return message, None
    blocks, note = await rendered(_parsed(template), body, "blocks_template", _blocks)
    return message | ({} if note else {"blocks": blocks}), note


def escaped(text: str) -> str:
    """The text as Slack shows it, without mentions and links that an event could bring in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _parsed(template: str) -> Any:
    # In blocks that are JSON before they are rendered, no quote of an event can break out of its text.
    try:
        return orjson.loads(template)
    except orjson.JSONDecodeError:
        return template


def _blocks(value: Any) -> list[Any]:
    parsed = orjson.loads(value) if isinstance(value, str) else value
    blocks = parsed.get("blocks") if isinstance(parsed, dict) else parsed
    if not isinstance(blocks, list):
        message = "Slack's blocks are a list"
        raise ValueError(message)
    return blocks
