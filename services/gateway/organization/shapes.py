"""The organization that this server belongs to, and who is asking."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar

import asyncpg
from pydantic import Field, StringConstraints

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.kit.access.permissions import CallerKey
from services.gateway.kit.shapes import Answer, Form, JsonObject

INTERNAL_ID = "int_likeness"
TIER = "enterprise"
KINDS = ("metadata", "data", "search", "upload", "compute")
UNLIMITED = 1_000_000
PLAIN = "the organization here has a name and metadata alone."
LIMITS = "the limit is LIKENESS_RATE_LIMIT_PER_MINUTE, and rate_limit_override of a key."


class OrganizationPatch(Form):
    """What may be changed of the organization; metadata are merged."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "logo_url": UnusedKey(PLAIN),
        "billing_email": UnusedKey(PLAIN),
        "notifications_email": UnusedKey(PLAIN),
        "default_llm_credentials": UnusedKey(PLAIN),
        "spend_limits": UnusedKey(PLAIN),
        "rate_limit_overrides": UnusedKey(LIMITS),
        "rate_limits": UnusedKey(LIMITS),
        "nsfw_check_enabled": UnusedKey("contents are not judged.", off=False),
        "nsfw_fail_closed": UnusedKey("contents are not judged.", off=False),
    }

    organization_name: Annotated[str | None, StringConstraints(min_length=1, max_length=100)] = None
    metadata: JsonObject | None = None


class Organization(Answer):
    """OrganizationModelResponse; nothing is billed here."""

    organization_id: str
    organization_name: str
    account_type: str = TIER
    credit_count: int = 0
    rate_limits: Annotated[dict[str, int], Field(description="Requests a minute; 1000000 where there is no limit")]
    metadata: JsonObject
    created_at: datetime
    updated_at: datetime


class MeKey(Answer):
    """MeKeyInfo."""

    name: str
    key_type: str = "standard"
    permissions: list[str]
    expires_at: datetime | None


class Me(Answer):
    """MeResponse: who the key is."""

    organization_id: str
    organization_name: str
    account_type: str = TIER.upper()
    user_email: str | None
    key: MeKey
    rate_limits: dict[str, int] | None
    principal_scoped: bool = False


def to_organization(row: asyncpg.Record, per_minute: int) -> Organization:
    """The organization from its row; `per_minute` is 0 without a limit."""
    return Organization(**dict(row), rate_limits=dict.fromkeys(KINDS, per_minute or UNLIMITED))


def to_me(organization: asyncpg.Record, key: CallerKey, per_minute: int) -> Me:
    """What a caller may know of itself."""
    return Me(
        organization_id=organization["organization_id"],
        organization_name=organization["organization_name"],
        user_email=key.user_email,
        key=MeKey(name=key.name, permissions=sorted(key.permissions), expires_at=key.expires_at),
        rate_limits=dict.fromkeys(KINDS, per_minute) if per_minute else None,
    )
