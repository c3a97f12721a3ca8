"""Webhooks: who is told of which events."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from services.common.events.event_types import RUNS, EventType, resource_type_of
from services.common.secrets.channel_secrets import redacted
from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Answer, Form, JsonObject
from services.gateway.webhooks.channels import CONFIG_SCHEMA, ChannelType

EVERY = "*"
RESOURCE_TYPES = frozenset(map(resource_type_of, EventType)) - {"resource"} | RUNS
MOST_CHANNELS = 20


def _expanded(value: Any) -> Any:
    return [each.value for each in EventType] if value == [EVERY] else value


def _known(value: str) -> str:
    if value not in RESOURCE_TYPES:
        message = f"must be one of {', '.join(sorted(RESOURCE_TYPES))}"
        raise ValueError(message)
    return value


WebhookName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")]
EventTypes = Annotated[
    list[EventType],
    Field(min_length=1, max_length=200, description='["*"] stands for all of them'),
    BeforeValidator(_expanded),
]
ResourceType = Annotated[str, AfterValidator(_known), Field(json_schema_extra={"enum": sorted(RESOURCE_TYPES)})]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]


class ChannelForm(Form):
    """WebhookChannelInput: `configs` belongs to the channel."""

    channel: ChannelType
    configs: Annotated[JsonObject, Field(json_schema_extra=CONFIG_SCHEMA)]


class WebhookForm(Form):
    """WebhookInput; `delivery_health` and ids are not the caller's to set."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "webhook_id": IDLE,
        "internal_id": IDLE,
        "delivery_health": IDLE,
        "created_at": IDLE,
        "updated_at": IDLE,
    }

    webhook_name: WebhookName
    event_types: EventTypes
    resource_types: Annotated[list[ResourceType] | None, Field(min_length=1, max_length=100)] = None
    namespace_ids: Annotated[
        list[Identifier] | None,
        Field(min_length=1, max_length=1000, description="Ids or names; without them, all that the key may use"),
    ] = None
    channels: Annotated[list[ChannelForm], Field(min_length=1, max_length=MOST_CHANNELS)]
    is_active: bool | None = True


class WebhookListBody(ListBody):
    """ListWebhooksRequest."""

    event_type: Annotated[str | None, Field(max_length=100)] = None
    is_active: bool | None = None


class RotateForm(Form):
    """Which channel, by its place; the secret before signs as well for `overlap_hours`, so that nothing is missed."""

    channel: Annotated[int | None, Field(ge=0, lt=MOST_CHANNELS)] = None
    overlap_hours: Annotated[float, Field(ge=0, le=720)] = 24.0


class Channel(Answer):
    """WebhookChannelOutput; a secret reads "redacted"."""

    channel: ChannelType
    configs: JsonObject


class DeliveryHealth(Answer):
    """The run of failures that goes on, why deliveries wait where they do, and how many are to be made."""

    consecutive_failures: int
    first_failure_at: datetime | None
    last_failure_at: datetime | None
    last_failure_cause: str | None
    paused_at: datetime | None
    paused_reason: str | None
    pending: int


class Webhook(Answer):
    """WebhookOutput; one that was paused for its failures is not active, yet its deliveries wait for it."""

    webhook_id: str
    webhook_name: str
    event_types: list[EventType]
    resource_types: list[str] | None
    namespace_ids: list[str] | None
    channels: list[Channel]
    is_active: bool
    delivery_health: DeliveryHealth
    created_at: datetime
    updated_at: datetime


class WebhookList(Answer):
    """ListWebhooksResponse."""

    results: list[Webhook]
    pagination: Pagination
    total: int


class NewSecret(Answer):
    """The only answer that holds a secret; the one before signs as well until `previous_secret_until`."""

    webhook_id: str
    channel: int
    signing_secret: str
    previous_secret_until: datetime | None


def to_webhook(row: asyncpg.Record) -> Webhook:
    """A webhook from its row and the count of its pending deliveries."""
    now = datetime.now(UTC)
    channels = [Channel(channel=each["channel"], configs=redacted(each["configs"], now)) for each in row["channels"]]
    return Webhook(
        webhook_id=row["webhook_id"],
        webhook_name=row["webhook_name"],
        event_types=row["event_types"],
        resource_types=row["resource_types"],
        namespace_ids=row["namespace_ids"],
        channels=channels,
        is_active=row["is_active"] and row["paused_at"] is None,
        delivery_health=DeliveryHealth(**{name: row[name] for name in DeliveryHealth.model_fields}),
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
