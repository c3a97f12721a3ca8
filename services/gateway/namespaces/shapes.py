"""Namespaces: what one tenant sees."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

import asyncpg
from pydantic import AliasChoices, Field, StringConstraints, model_validator

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Form, JsonObject, Moment

NamespaceName = Annotated[
    str, StringConstraints(min_length=3, max_length=64, pattern=r"^[^/\x00]+$", strip_whitespace=True)
]
Lifetime = Annotated[int, Field(ge=60, le=10 * 366 * 86_400, description="Seconds until the namespace is deleted")]
KindOfIndex = Literal["keyword", "integer", "float", "bool", "geo", "datetime", "text", "uuid"]


class ExtractorChoice(Form):
    """BaseFeatureExtractorModel: an extractor that the namespace means to use; every served one may be used."""

    feature_extractor_name: Annotated[str, Field(min_length=1, max_length=100)]
    version: Annotated[str, Field(min_length=1, max_length=50)]
    params: JsonObject | None = None


class ChosenExtractor(ExtractorChoice):
    """The same with the id under which the catalogue has it."""

    feature_extractor_id: str


class PayloadIndex(Form):
    """A field that the namespace means to filter by; PostgreSQL needs no such hint."""

    field_name: Annotated[str, Field(min_length=1, max_length=255)]
    type: KindOfIndex
    field_schema: JsonObject | None = None
    is_protected: bool = False


class NamespaceSettings(Form):
    """What the contract lets one say of a namespace; stored and shown."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "repair_vectors": UnusedKey("the index follows the database by itself.", off=False),
        "infrastructure": UnusedKey("it belongs to the hosted service."),
        "trusted_issuers": UnusedKey("it belongs to the hosted service."),
        "spend_budget": UnusedKey("it belongs to the hosted service."),
        "pinned": UnusedKey("it belongs to the hosted service."),
        "tiering": UnusedKey("it belongs to the hosted service."),
        "cost_cap_override": UnusedKey("it belongs to the hosted service."),
    }

    feature_extractors: Annotated[list[ExtractorChoice] | None, Field(max_length=100)] = None
    payload_indexes: Annotated[list[PayloadIndex] | None, Field(max_length=1000)] = None
    auto_create_indexes: bool | None = None
    adaptive_indexing: bool | None = None
    expires_at: Moment | None = None
    ttl_seconds: Lifetime | None = None

    def stored(self) -> JsonObject:
        """The settings that were given."""
        names = {"feature_extractors", "payload_indexes", "auto_create_indexes", "adaptive_indexing"}
        return self.model_dump(include=names, exclude_none=True)

    def expiry(self) -> dict[str, datetime | None]:
        """When the namespace is to be deleted, if that was said; null means never."""
        if self.ttl_seconds is not None:
            return {"expires_at": datetime.now(UTC) + timedelta(seconds=self.ttl_seconds)}
        said = self.model_fields_set & {"expires_at", "ttl_seconds"}
        return {"expires_at": self.expires_at} if said else {}


class NamespaceCreate(NamespaceSettings):
    """CreateNamespaceRequest; `name` is an older spelling."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        **NamespaceSettings.unused_keys,
        "mode": UnusedKey("a namespace here is managed.", off="managed"),
        "namespace_type": UnusedKey("a namespace here is standard.", off="standard"),
        "scope": UnusedKey("a namespace here belongs to the organization."),
        "features": UnusedKey("what a collection offers is asked of GET /collections/features."),
        "vector_configs": UnusedKey("its slots are those of its collections."),
    }

    namespace_name: Annotated[NamespaceName, Field(validation_alias=AliasChoices("namespace_name", "name"))]
    namespace_id: Annotated[str | None, Field(pattern=r"^ns_[a-zA-Z0-9]{10,32}$")] = None
    description: str | None = None


class NamespacePatch(NamespaceSettings):
    """PatchNamespaceRequest and UpdateNamespaceRequest: what is given is changed."""

    namespace_name: Annotated[NamespaceName | None, Field(validation_alias=AliasChoices("namespace_name", "name"))] = (
        None
    )
    description: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _never_null(cls, raw: Any) -> Any:
        nullable = ("expires_at", "ttl_seconds", "description")
        if not isinstance(raw, Mapping):
            return raw
        return {key: value for key, value in raw.items() if value is not None or key in nullable}

    def columns(self) -> JsonObject:
        """The columns to be set."""
        return self.model_dump(include={"namespace_name", "description"}, exclude_unset=True) | self.expiry()


class Namespace(Answer):
    """NamespaceModel."""

    object: str = "namespace"
    namespace_id: str
    namespace_name: str
    description: str | None
    mode: str = "managed"
    feature_extractors: list[ChosenExtractor]
    payload_indexes: list[PayloadIndex]
    payload_index_count: int
    auto_create_indexes: bool
    adaptive_indexing: bool
    namespace_ready: bool = True
    bucket_count: int
    collection_count: int
    object_count: int
    document_count: int
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None


class NamespaceList(Answer):
    """ListNamespacesResponse."""

    results: list[Namespace]
    pagination: Pagination
    total_count: int


class NamespaceStats(Answer):
    """NamespaceStatsResponse."""

    namespace_id: str
    document_count: int
    document_count_complete: bool = True
    bucket_count: int
    collection_count: int
    object_count: int


class StatsRequest(Form):
    """NamespaceStatsBatchRequest."""

    namespace_ids: Annotated[list[str], Field(max_length=100)]


class StatsBatch(Answer):
    """NamespaceStatsBatchResponse; namespaces that do not exist are missing."""

    stats: dict[str, NamespaceStats]


class NamespaceDeleted(Answer):
    """The task that deletes the namespace; it is hidden from now on."""

    task_id: str
    status: str = "PENDING"
    namespace_id: str
    namespace_name: str
    message: str


def to_namespace(row: asyncpg.Record) -> Namespace:
    """A namespace from its row and counts."""
    settings = row["settings"]
    taken = {name: row[name] for name in Namespace.model_fields if name in row}
    indexes = settings.get("payload_indexes", [])
    return Namespace(
        **taken,
        feature_extractors=[_chosen(each) for each in settings.get("feature_extractors", [])],
        payload_indexes=indexes,
        payload_index_count=len(indexes),
        auto_create_indexes=settings.get("auto_create_indexes", False),
        adaptive_indexing=settings.get("adaptive_indexing", False),
    )


def _chosen(stored: JsonObject) -> ChosenExtractor:
    identifier = f"{stored['feature_extractor_name']}_{stored['version']}"
    return ChosenExtractor(**stored, feature_extractor_id=identifier)


def to_stats(row: asyncpg.Record) -> NamespaceStats:
    """The counts alone."""
    return NamespaceStats(**{name: row[name] for name in NamespaceStats.model_fields if name in row})
