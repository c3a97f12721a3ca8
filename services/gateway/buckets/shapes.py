"""Buckets: what objects are uploaded to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, ClassVar, Literal

import asyncpg
from pydantic import AliasChoices, Field, StringConstraints

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.buckets.schema import BucketSchema, BucketSchemaOut, FieldName
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Answer, Degraded, Form, JsonObject

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^/\x00]+$", strip_whitespace=True)]
StorageClass = Literal["standard", "nearline", "coldline", "archive"]


class UniqueKey(Form):
    """UniqueKeyConfig: the fields whose values tell objects apart, and what becomes of a second one."""

    fields: Annotated[list[FieldName], Field(min_length=1, max_length=20)]
    default_policy: Literal["insert", "update", "upsert"] = "upsert"


class BucketCreate(Form):
    """BucketCreateRequest; `schema` and `name` are older spellings."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "destination": UnusedKey("objects come by uploads alone."),
        "ingest_filter": UnusedKey("objects come by uploads alone."),
        "source_adapter": UnusedKey("objects come by uploads alone."),
    }

    bucket_name: Annotated[Name, Field(validation_alias=AliasChoices("bucket_name", "name"))]
    bucket_schema: Annotated[
        BucketSchema, Field(validation_alias=AliasChoices("bucket_schema", "schema"), default_factory=BucketSchema)
    ]
    description: str | None = None
    metadata: JsonObject | None = None
    unique_key: UniqueKey | None = None
    storage_class: StorageClass = "standard"


class BucketPatch(Form):
    """BucketPatchRequest and BucketUpdateRequest; fields of the schema are added or changed, never removed."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "destination": UnusedKey("objects come by uploads alone."),
        "ingest_filter": UnusedKey("objects come by uploads alone."),
        "source_adapter": UnusedKey("objects come by uploads alone."),
    }

    bucket_name: Annotated[Name | None, Field(validation_alias=AliasChoices("bucket_name", "name"))] = None
    bucket_schema: Annotated[BucketSchema | None, Field(validation_alias=AliasChoices("bucket_schema", "schema"))] = (
        None
    )
    description: str | None = None
    metadata: JsonObject | None = None
    unique_key: UniqueKey | None = None
    storage_class: StorageClass | None = None


class BatchStats(Answer):
    """BatchStatistics."""

    total: int
    active: int
    completed: int
    failed: int


class StorageStats(Answer):
    """StorageStatistics, of the blobs whose size is known."""

    total_size_bytes: int
    avg_size_bytes: int
    max_size_bytes: int
    min_size_bytes: int


class Bucket(Answer):
    """BucketResponse."""

    bucket_id: str
    bucket_name: str
    description: str | None
    bucket_schema: BucketSchemaOut
    unique_key: UniqueKey | None
    metadata: JsonObject
    storage_class: StorageClass
    object_count: int
    failed_object_count: int
    total_size_bytes: int
    batch_stats: BatchStats
    storage_stats: StorageStats
    created_at: datetime
    updated_at: datetime
    last_upload_at: datetime | None
    status: Literal["ACTIVE"] = "ACTIVE"
    is_locked: bool = False


class BucketList(Answer):
    """ListBucketsResponse."""

    results: list[Bucket]
    total_count: int
    pagination: Pagination
    warnings: list[Degraded] = Field(default_factory=list)


class BucketDeleted(Answer):
    """The task that deletes the bucket; it is hidden from now on."""

    task_id: str
    status: str = "PENDING"
    bucket_id: str
    bucket_name: str
    message: str
    warnings: list[Degraded] = Field(default_factory=list)


def to_bucket(row: asyncpg.Record) -> Bucket:
    """A bucket from its row and counts."""
    computed = ("status", "is_locked", "storage_class", "batch_stats", "storage_stats")
    return Bucket(
        **{name: row[name] for name in Bucket.model_fields if name not in computed},
        storage_class=row["settings"].get("storage_class", "standard"),
        batch_stats=BatchStats(**row["batch_stats"]),
        storage_stats=StorageStats(total_size_bytes=row["total_size_bytes"], **row["blob_sizes"]),
    )
