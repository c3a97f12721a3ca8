"""API keys, as an administrator manages them; the key itself is shown when it is made and never again."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import Field, StringConstraints

from services.gateway.kit.shapes import Answer, Form, Moment
from services.gateway.organization.shapes import INTERNAL_ID

Permission = Literal["read", "write", "delete", "admin"]
Status = Literal["active", "revoked", "expired"]
KeyName = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^/\x00]+$")]
Description = Annotated[str, StringConstraints(max_length=500)]
Permissions = Annotated[list[Permission], Field(min_length=1, max_length=4)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000)]
Origins = Annotated[list[Annotated[str, Field(min_length=1, max_length=255)]], Field(min_length=1, max_length=50)]
NotServed = Annotated[None, Field(description="Keys of end users are not served here; leave it out")]


class KeyScope(Form):
    """Restricts a key to the namespaces that `resource_id`, an id, name or pattern such as `ns_team_*`, matches."""

    resource_type: Literal["namespace"]
    resource_id: Annotated[str, Field(min_length=1, max_length=100)]
    operations: list[Literal["read_data", "write_data", "delete_data", "manage_permissions"]] | None = None


Scopes = Annotated[list[KeyScope], Field(min_length=1, max_length=100, description="Leave it out for all namespaces")]


class KeyCreate(Form):
    """APIKeyCreateRequest."""

    name: KeyName
    description: Description | None = None
    permissions: Permissions = Field(default=["read", "write", "delete"])
    scopes: Scopes | None = None
    rate_limit_override: PerMinute | None = None
    expires_at: Moment | None = None
    allowed_origins: Origins | None = None
    principal_id: NotServed = None


class KeyPatch(Form):
    """APIKeyUpdateRequest: what is given is changed, null clears; a revoked key stays revoked."""

    name: KeyName | None = None
    description: Description | None = None
    permissions: Permissions | None = None
    scopes: Scopes | None = None
    rate_limit_override: PerMinute | None = None
    expires_at: Moment | None = None
    allowed_origins: Origins | None = None
    status: Literal["active", "revoked"] | None = None


class Key(Answer):
    """APIKeyModel; `key_hash` begins the stored hash, by which two keys can be told apart."""

    key_id: str
    key_hash: str
    key_prefix: str
    key_type: Literal["standard"] = "standard"
    is_internal: bool = False
    internal_id: str = INTERNAL_ID
    organization_id: str
    user_id: str
    name: str
    description: str
    permissions: list[Permission]
    scopes: list[KeyScope]
    rate_limit_override: int | None
    status: Status
    allowed_origins: list[str] | None
    expires_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    created_by: str | None
    revoked_at: datetime | None
    revoked_by: str | None


class NewKey(Key):
    """APIKeyCreateResponse: the only answer that holds the key."""

    key: str


class KeyList(Answer):
    """The keys of a user."""

    results: list[Key]
    total: int


def key_columns(form: KeyCreate | KeyPatch) -> dict[str, Any]:
    """The columns that a form sets; one that may not be null keeps its value when null is given."""
    given = form.model_dump(exclude_unset=isinstance(form, KeyPatch), exclude={"status", "principal_id"})
    for name, empty in {"description": "", "scopes": []}.items():
        if name in given and given[name] is None:
            given[name] = empty
    return {name: value for name, value in given.items() if value is not None or name not in ("name", "permissions")}


def to_key(row: asyncpg.Record) -> Key:
    """A key from its row and the organization's id."""
    return Key(**_shown(row))


def to_new_key(row: asyncpg.Record, key: str) -> NewKey:
    """The same with the key itself."""
    return NewKey(**_shown(row), key=key)


def _shown(row: asyncpg.Record) -> Mapping[str, Any]:
    taken = {name: row[name] for name in Key.model_fields if name in row}
    return {**taken, "key_hash": f"sha256:{row['key_hash'].hex()[:16]}", "status": _status(row)}


def _status(row: asyncpg.Record) -> Status:
    if row["revoked_at"] is not None:
        return "revoked"
    expires_at: datetime | None = row["expires_at"]
    return "expired" if expires_at is not None and expires_at <= datetime.now(UTC) else "active"
