"""The channels of an alert: checked, their secrets sealed, and shown again without them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.common.errors import InvalidArgumentError
from services.common.secrets.channel_secrets import partners, redacted, to_stored
from services.common.secrets.encryption import Sealer
from services.common.settings import Settings
from services.gateway.alerts.shapes import Channel, ChannelForm, Notification, NotificationForm
from services.gateway.kit.shapes import JsonObject
from services.gateway.webhooks.channels import FORMS, ChannelType, read_config

PATH = "body.notification_config"
KINDS: Mapping[str, ChannelType] = {name: name for name, _ in FORMS}
BATCH = "processes matches into a collection, which alerts do not do here; use a trigger"


def plan_notification(settings: Settings, form: NotificationForm, stored: Sequence[JsonObject] = ()) -> JsonObject:
    """The configuration as it is kept; `stored` are the channels before, whose secrets are kept where none is given."""
    if form.template_id is not None:
        raise _refusal("template_id", "there are no templates to refer to; put them into a channel's config")
    kinds = [_kind(channel, number) for number, channel in enumerate(form.channels)]
    given = [
        read_config(kind, channel.config or {}, _config_path(number), settings.fetch_allow_networks)
        for number, (kind, channel) in enumerate(zip(kinds, form.channels, strict=True))
    ]
    sealer, now = Sealer(settings.secrets_key), datetime.now(UTC)
    before = partners(given, [channel["config"] for channel in stored])
    configs = [
        to_stored(config, before[number], sealer, now, _config_path(number)) if kinds[number] == "webhook" else config
        for number, config in enumerate(given)
    ]
    return {
        "channels": [{"channel_type": kind, "config": config} for kind, config in zip(kinds, configs, strict=True)],
        "include_matches": form.include_matches,
        "include_scores": form.include_scores,
    }


def _config_path(number: int) -> str:
    return f"{PATH}.channels.{number}.config"


def _kind(channel: ChannelForm, number: int) -> ChannelType:
    place = f"channels.{number}"
    if channel.channel_id is not None:
        raise _refusal(f"{place}.channel_id", "there are no channels to refer to; give the channel's config")
    kind = KINDS.get(channel.channel_type)
    if kind is None:
        why = BATCH if channel.channel_type == "batch" else "is unknown"
        raise _refusal(f"{place}.channel_type", f"'{channel.channel_type}' {why}; it must be one of {', '.join(KINDS)}")
    return kind


def _refusal(place: str, why: str) -> InvalidArgumentError:
    path = f"{PATH}.{place}"
    return InvalidArgumentError(f"{path}: {why}.", path=path)


def shown_notification(stored: Mapping[str, Any]) -> Notification:
    """The configuration without its secrets."""
    now = datetime.now(UTC)
    channels = [
        Channel(channel_type=channel["channel_type"], config=redacted(channel["config"], now))
        for channel in stored["channels"]
    ]
    flags = {name: stored[name] for name in ("include_matches", "include_scores")}
    return Notification(channels=channels, **flags)
