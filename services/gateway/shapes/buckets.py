"""Buckets: what objects are uploaded to."""

from datetime import datetime
from typing import Annotated, Any, Literal

import asyncpg
from pydantic import AliasChoices, Field, StringConstraints, field_validator

from services.gateway.shapes.base import Answer, Degraded, Form, JsonObject, OpenAnswer, OpenForm
from services.gateway.shapes.pages import Pagination

FieldType = Literal[
    "string",
    "number",
    "integer",
    "float",
    "boolean",
    "object",
    "array",
    "date",
    "datetime",
    "text",
    "image",
    "audio",
    "video",
    "pdf",
    "excel",
]
OLD_TYPES = {"json": "object", "binary": "text", "bool": "boolean", "int": "integer", "str": "string"}
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^/\x00]+$", strip_whitespace=True)]


class SchemaField(OpenForm):
    """One field of a bucket's schema."""

    type: FieldType

    @field_validator("type", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        return OLD_TYPES.get(value, value) if isinstance(value, str) else value


class BucketSchema(OpenForm):
    """The fields that objects of a bucket have; not enforced on values."""

    properties: dict[str, SchemaField] = Field(default_factory=dict)


class BucketCreate(Form):
    """BucketCreateRequest; `schema` and `name` are older spellings."""

    bucket_name: Annotated[Name, Field(validation_alias=AliasChoices("bucket_name", "name"))]
    bucket_schema: Annotated[
        BucketSchema, Field(validation_alias=AliasChoices("bucket_schema", "schema"), default_factory=BucketSchema)
    ]
    description: str | None = None
    metadata: JsonObject | None = None


class BucketPatch(Form):
    """What may be changed of a bucket; fields of the schema are added, never removed."""

    bucket_name: Annotated[Name | None, Field(validation_alias=AliasChoices("bucket_name", "name"))] = None
    bucket_schema: Annotated[BucketSchema | None, Field(validation_alias=AliasChoices("bucket_schema", "schema"))] = (
        None
    )
    description: str | None = None
    metadata: JsonObject | None = None


class BucketSchemaOut(OpenAnswer):
    """A bucket's schema."""

    properties: dict[str, JsonObject]


class Bucket(Answer):
    """BucketResponse."""

    bucket_id: str
    bucket_name: str
    description: str | None
    bucket_schema: BucketSchemaOut
    metadata: JsonObject
    object_count: int
    failed_object_count: int
    total_size_bytes: int
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
    """The contract deletes buckets as a task; here it is done when the answer arrives."""

    task_id: str
    status: str
    bucket_id: str
    bucket_name: str
    message: str


def to_bucket(row: asyncpg.Record) -> Bucket:
    """A bucket from its row and counts."""
    return Bucket(**{name: row[name] for name in Bucket.model_fields if name not in ("status", "is_locked")})
