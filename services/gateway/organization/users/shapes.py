"""People who own keys; they sign in nowhere, their keys act for them."""

from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import AfterValidator, Field, StringConstraints

from services.gateway.kit.shapes import Answer, Form, JsonObject, QueryForm

Role = Literal["admin", "member", "viewer"]
UserStatus = Literal["active", "suspended", "pending"]
UserName = Annotated[str, StringConstraints(min_length=2, max_length=100)]
Email = Annotated[
    str, StringConstraints(max_length=254, pattern=r"^[^@/\s\x00]+@[^@/\s\x00]+$"), AfterValidator(str.lower)
]


class UserCreate(Form):
    """UserCreateRequest."""

    email: Email
    user_name: UserName
    avatar_url: Annotated[str | None, Field(max_length=2000)] = None
    role: Role = "member"
    status: UserStatus = "active"
    metadata: JsonObject | None = None


class UserPatch(Form):
    """UserUpdateRequest; metadata are merged. A suspended user's keys stop working."""

    user_name: UserName | None = None
    avatar_url: Annotated[str | None, Field(max_length=2000)] = None
    role: Role | None = None
    status: UserStatus | None = None
    metadata: JsonObject | None = None


class UserQuery(QueryForm):
    """Which users a list shows."""

    skip: Annotated[int, Field(ge=0, le=10_000)] = 0
    limit: Annotated[int, Field(ge=1, le=1000)] = 100
    role: Role | None = None
    status: UserStatus | None = None


class User(Answer):
    """A user; `role` bounds what their keys may do."""

    user_id: str
    organization_id: str
    email: str
    user_name: str
    avatar_url: str | None
    role: Role
    status: UserStatus
    metadata: dict[str, Any]
    created_at: datetime
    updated_at: datetime


class UserList(Answer):
    """A page of users."""

    results: list[User]
    skip: int
    limit: int


def to_user(row: asyncpg.Record) -> User:
    """A user from their row and the organization's id."""
    return User(**{name: row[name] for name in User.model_fields})
