"""The channel `webhook`: a signed request with the event as JSON."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import aiohttp
import structlog

from services.common.errors import UnavailableError
from services.common.secrets.channel_secrets import signing_secrets
from services.common.secrets.encryption import Sealer
from services.worker.webhooks.channels.default_body import body_of, encoded
from services.worker.webhooks.channels.http_post import DEFAULT_SECONDS, Letter, post
from services.worker.webhooks.channels.signatures import headers_of
from services.worker.webhooks.channels.template_content import rendered
from services.worker.webhooks.delivery_types import Delivery, Outcome, Target

log = structlog.get_logger()


class WebhookChannel:
    """Posts to the receivers of webhooks."""

    def __init__(self, session: aiohttp.ClientSession, sealer: Sealer) -> None:
        self._session = session
        self._sealer = sealer

    async def send(self, target: Target, delivery: Delivery) -> Outcome:
        """One attempt."""
        config = target.config
        try:
            secrets = signing_secrets(config, self._sealer, datetime.now(UTC))
        except UnavailableError as error:
            log.warning("not signed", delivery_id=delivery.delivery_id, reason=error.message)
            return Outcome(verdict="again", error=error.message, blames=False)
        content, note = await _content(target, delivery)
        signed = headers_of(delivery.event.event_id, content, secrets, int(time.time()))
        letter = Letter(
            url=config["url"],
            method=config.get("method", "POST"),
            body=content,
            headers={**(config.get("headers") or {}), **signed},
            seconds=config.get("timeout") or DEFAULT_SECONDS,
        )
        outcome = await post(self._session, letter)
        return replace(outcome, error=outcome.error or note)


async def _content(target: Target, delivery: Delivery) -> tuple[bytes, str | None]:
    """The body, and what there is to say about it."""
    body, template = body_of(delivery.event, is_alert=target.is_alert), target.config.get("payload_template")
    if not template:
        return encoded(body), None
    value, note = await rendered(template, body, "payload_template")
    return encoded(body if note else value), note
