"""Namespaces: what one tenant sees."""

from datetime import datetime
from typing import Annotated, Any

import asyncpg
from pydantic import Field, StringConstraints

from services.gateway.shapes.base import Answer, Form
from services.gateway.shapes.pages import Pagination


class NamespaceCreate(Form):
    """CreateNamespaceRequest."""

    namespace_name: Annotated[str, StringConstraints(min_length=3, max_length=64, pattern=r"^[^/\x00]+$")]
    namespace_id: Annotated[str | None, Field(pattern=r"^ns_[a-zA-Z0-9]{10,32}$")] = None
    description: str | None = None


class Namespace(Answer):
    """NamespaceModel."""

    object: str = "namespace"
    namespace_id: str
    namespace_name: str
    description: str | None
    mode: str = "managed"
    feature_extractors: list[Any] = Field(default_factory=list)
    payload_indexes: list[Any] = Field(default_factory=list)
    namespace_ready: bool = True
    bucket_count: int
    collection_count: int
    object_count: int
    document_count: int
    created_at: datetime
    updated_at: datetime


class NamespaceList(Answer):
    """ListNamespacesResponse."""

    results: list[Namespace]
    pagination: Pagination
    total_count: int


def to_namespace(row: asyncpg.Record) -> Namespace:
    """A namespace from its row and counts."""
    taken = {name: row[name] for name in Namespace.model_fields if name in row}
    return Namespace(**taken)
