"""What a webhook's form comes to: namespaces found, channels checked, secrets sealed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from services.common.errors import ForbiddenError, InvalidArgumentError, NotFoundError
from services.common.secrets.channel_secrets import SEALED, new_secret, partners, rotated, to_stored
from services.common.secrets.encryption import Sealer
from services.common.settings import Settings
from services.gateway.kit.context import Identity
from services.gateway.kit.shapes import JsonObject
from services.gateway.webhooks.channels import read_config
from services.gateway.webhooks.shapes import ChannelForm, RotateForm, WebhookForm

CONFIGS = "body.channels.{}.configs"
FIND_NAMESPACES = "SELECT namespace_id, namespace_name FROM namespaces WHERE deleted_at IS NULL"


async def plan_webhook(identity: Identity, form: WebhookForm, stored: asyncpg.Record | None = None) -> dict[str, Any]:
    """The columns of a webhook that is made, or of one that replaces `stored`."""
    given = "namespace_ids" in form.model_fields_set
    namespaces = await _namespaces(identity, form) if stored is None or given else stored["namespace_ids"]
    before = [] if stored is None else stored["channels"]
    return {
        "webhook_name": form.webhook_name,
        "event_types": list(dict.fromkeys(each.value for each in form.event_types)),
        "resource_types": form.resource_types or None,
        "namespace_ids": namespaces,
        "channels": plan_channels(identity.gateway.settings, form.channels, before),
        "is_active": form.is_active is not False,
    }


def plan_channels(settings: Settings, forms: Sequence[ChannelForm], stored: Sequence[JsonObject]) -> list[JsonObject]:
    """The channels as they are kept; a secret that is not given is that of the one before of the same URL or place."""
    sealer, now = Sealer(settings.secrets_key), datetime.now(UTC)
    configs = [
        read_config(each.channel, each.configs, CONFIGS.format(place), settings.fetch_allow_networks)
        for place, each in enumerate(forms)
    ]
    before = partners(configs, [each["configs"] for each in stored])
    return [
        {"channel": form.channel, "configs": to_stored(config, before[place], sealer, now, CONFIGS.format(place))}
        for place, (form, config) in enumerate(zip(forms, configs, strict=True))
    ]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """The channels with a new secret for one of them, in `place`; the one before, if any, signs `until` then."""

    channels: list[JsonObject]
    place: int
    secret: str
    until: datetime | None


def plan_rotation(settings: Settings, channels: Sequence[JsonObject], form: RotateForm) -> Rotation:
    """A new secret for the channel that the form names."""
    place, secret, now = _signing_channel(channels, form.channel), new_secret(), datetime.now(UTC)
    until = now + timedelta(hours=form.overlap_hours)
    before = channels[place]["configs"]
    path = CONFIGS.format(place)
    configs = rotated(before, secret, Sealer(settings.secrets_key), now=now, until=until, path=path)
    changed = [*channels[:place], {**channels[place], "configs": configs}, *channels[place + 1 :]]
    return Rotation(channels=changed, place=place, secret=secret, until=until if SEALED in before else None)


def _signing_channel(channels: Sequence[JsonObject], asked: int | None) -> int:
    signing = [place for place, each in enumerate(channels) if each["channel"] == "webhook"]
    if asked is None and len(signing) == 1:
        return signing[0]
    if asked in signing:
        return asked
    shown = ", ".join(map(str, signing)) or "none"
    raise InvalidArgumentError(f"body.channel must name a channel that signs; these do: {shown}.", path="body.channel")


async def _namespaces(identity: Identity, form: WebhookForm) -> list[str] | None:
    """The ids of the namespaces that a webhook hears of; those of the key when none are named."""
    visible = identity.visible_namespaces()
    if form.namespace_ids is None:
        if visible == []:
            raise ForbiddenError(f"The key '{identity.key.name}' may not do this in any namespace.")
        return visible
    rows = await identity.gateway.pool.fetch(FIND_NAMESPACES)
    seen = [row for row in rows if visible is None or row["namespace_id"] in visible]
    ids = {row["namespace_name"]: row["namespace_id"] for row in seen} | {
        each["namespace_id"]: each["namespace_id"] for each in seen
    }
    for place, each in enumerate(form.namespace_ids):
        if each not in ids:
            path = f"body.namespace_ids.{place}"
            raise NotFoundError(f"{path}: no namespace '{each}'.", resource="namespace", id=each, path=path)
    return list(dict.fromkeys(ids[each] for each in form.namespace_ids))
