"""One attempt at one delivery, by the channel that it is for."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from services.common.http.sessions import open_session
from services.common.secrets.encryption import Sealer
from services.common.settings import Settings
from services.worker.webhooks.channels.email import EmailChannel
from services.worker.webhooks.channels.http_post import LONGEST_SECONDS
from services.worker.webhooks.channels.slack import SlackChannel
from services.worker.webhooks.channels.webhook import WebhookChannel
from services.worker.webhooks.delivery_types import Delivery, Outcome, Target

CONNECTIONS = 300
REMOVED = "The channel is no longer there."
log = structlog.get_logger()


class Channel(Protocol):
    """A way to tell."""

    async def send(self, target: Target, delivery: Delivery) -> Outcome:
        """One attempt; what may go wrong outside is part of the outcome."""


class Sender:
    """Knows the channels by their type."""

    def __init__(self, channels: Mapping[str, Channel]) -> None:
        self._channels = channels

    async def send(self, target: Target | None, delivery: Delivery) -> Outcome:
        """One attempt; never raises."""
        if target is None:
            return Outcome(verdict="canceled", error=REMOVED)
        channel = self._channels.get(target.channel_type)
        if channel is None:
            return Outcome(
                verdict="over", error=f"not_configured: nothing sends by '{target.channel_type}'.", blames=False
            )
        try:
            return await channel.send(target, delivery)
        except Exception:  # a delivery that fails in a way of its own must not hold up the others
            log.exception("delivery", delivery_id=delivery.delivery_id)
            return Outcome(verdict="again", error="A fault of ours; the worker's log has it.", blames=False)


@asynccontextmanager
async def open_sender(settings: Settings) -> AsyncIterator[Sender]:
    """A sender for the three channels; its connections to receivers are used again for a while."""
    async with open_session(
        settings.fetch_allow_networks, total_seconds=LONGEST_SECONDS, connections=CONNECTIONS, keep_seconds=2.0
    ) as session:
        webhook = WebhookChannel(session, Sealer(settings.secrets_key))
        yield Sender({"webhook": webhook, "slack": SlackChannel(session), "email": EmailChannel(settings)})
