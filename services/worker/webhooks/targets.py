"""The channels of webhooks and alerts, as they are now."""

from collections.abc import Iterable, Mapping
from typing import Any

from asyncpg import Record

from services.common.database.pool import Connection
from services.worker.webhooks.delivery_types import Place, Target

OF_WEBHOOKS = "SELECT webhook_id AS receiver, channels FROM webhooks WHERE webhook_id = ANY($1)"
OF_ALERTS = """
    SELECT alert_id AS receiver, notification_config -> 'channels' AS channels FROM alerts WHERE alert_id = ANY($1)"""


async def read_targets(connection: Connection, places: Iterable[Place]) -> dict[Place, Target]:
    """The target of each place that still has one."""
    wanted = set(places)
    receivers = list({place.receiver for place in wanted})
    webhooks = _channels(await connection.fetch(OF_WEBHOOKS, receivers))
    alerts = _channels(await connection.fetch(OF_ALERTS, [each for each in receivers if each not in webhooks]))
    targets = {}
    for place in wanted:
        is_alert = place.receiver in alerts
        channels = (alerts if is_alert else webhooks).get(place.receiver, [])
        if place.channel < len(channels):
            targets[place] = _target(channels[place.channel], is_alert=is_alert)
    return targets


def _channels(rows: Iterable[Record]) -> dict[str, list[dict[str, Any]]]:
    return {row["receiver"]: row["channels"] for row in rows}


def _target(channel: Mapping[str, Any], *, is_alert: bool) -> Target:
    """Alerts write `channel_type` and `config` where webhooks write `channel` and `configs`."""
    type_name, config_name = ("channel_type", "config") if is_alert else ("channel", "configs")
    return Target(channel_type=channel[type_name], config=channel.get(config_name) or {}, is_alert=is_alert)
