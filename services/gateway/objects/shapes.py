"""Objects: what is uploaded, with its fields and blobs."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.buckets.schema import FieldType
from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Affected, Answer, Degraded, Form, JsonObject, OpenAnswer, OpenForm

MAX_BATCH = 100


class BlobForm(Form):
    """CreateBlobRequest. `data`: a URL, a data URI, {"url"}, or {"base64", "mime_type"?, "filename"?}; of the type
    text also the text itself or {"text"}. `upload_id` names a confirmed upload instead. `checksum` is a sha256.
    """

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "key_prefix": UnusedKey("give the key_prefix of the object."),
        "canonicalize_source": IDLE,
        "force_remirror": IDLE,
    }

    property: Annotated[str, Field(min_length=1, max_length=100)]
    type: FieldType | None = None
    data: Any = None
    upload_id: Annotated[str | None, Field(pattern=r"^upl_[a-zA-Z0-9_-]+$", max_length=100)] = None
    checksum: Annotated[str | None, Field(pattern=r"^(sha256:)?[0-9a-fA-F]{64}$")] = None
    metadata: JsonObject | None = None
    mime_type: Annotated[str | None, Field(max_length=255)] = None
    filename: Annotated[str | None, Field(max_length=255)] = None

    @field_validator("checksum")
    @classmethod
    def _digits_alone(cls, value: str | None) -> str | None:
        return None if value is None else value.lower().removeprefix("sha256:")


class ObjectCreate(OpenForm):
    """CreateObjectRequest: any further key is a field of the object, as is each key of `metadata`."""

    key_prefix: Annotated[str | None, Field(max_length=1024)] = None
    metadata: JsonObject | None = None
    blobs: Annotated[list[BlobForm], Field(max_length=64)] = Field(default_factory=list)
    skip_duplicates: bool = False
    idempotency_key: Annotated[str | None, Field(min_length=1, max_length=255)] = None

    @field_validator("blobs", mode="before")
    @classmethod
    def _none_is_no_blob(cls, value: Any) -> Any:
        return [] if value is None else value


class ObjectPatch(OpenForm):
    """PatchObjectRequest: fields in `metadata` or at the root are merged; null clears a field.

    `blobs` replace those of their properties, such as one whose link has expired, and are processed.
    """

    skip_duplicates: Annotated[Literal[False] | None, Field(description="A patch makes no object")] = None
    key_prefix: Annotated[str | None, Field(max_length=1024)] = None
    metadata: JsonObject | None = None
    blobs: Annotated[list[BlobForm] | None, Field(max_length=64)] = None


class ObjectBatch(Form):
    """CreateObjectsBatchRequest; each object succeeds or fails by itself."""

    objects: Annotated[list[JsonObject], Field(max_length=MAX_BATCH)]


class ObjectListBody(ListBody):
    """ListObjectsRequest: `select` names the user's fields that are wanted; without it all are."""

    select: Annotated[list[str] | None, Field(max_length=200)] = None
    return_presigned_urls: bool | None = None


class BlobDetails(Answer):
    """What is known of a blob's content."""

    filename: str | None
    size_bytes: int | None
    mime_type: str | None
    hash: str | None


class BlobOut(Answer):
    """BlobModel."""

    blob_id: str
    property: str
    type: str
    properties: JsonObject
    details: BlobDetails
    presigned_url: str | None = None


class Consistency(Answer):
    """WriteConsistency: documents appear once the object has been processed."""

    retriever_visible: str
    write_token_available: bool
    poll: JsonObject | None


class ObjectOut(OpenAnswer):
    """ObjectResponse: the object's fields stand at the root and in `metadata`."""

    object_id: str
    bucket_id: str
    key_prefix: str | None
    blobs: list[BlobOut]
    status: Literal["DRAFT", "PENDING", "PROCESSING", "COMPLETED", "FAILED"]
    error: str | None
    created_at: datetime
    updated_at: datetime
    document_count: int
    consistency: Consistency
    metadata: JsonObject
    affected: Affected | None = None
    warnings: list[Degraded] = Field(default_factory=list, description="Why it waits for nothing; likely slips")


class ObjectList(Answer):
    """ListObjectsResponse."""

    results: list[ObjectOut]
    pagination: Pagination
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")


class BatchSuccess(ObjectOut):
    """BatchObjectResult."""

    object_index: int
    replayed: bool
    replayed_by: str | None


class BatchFailure(Answer):
    """FailedObjectError."""

    object_index: int
    error: str
    error_type: str


class ObjectBatchResult(Answer):
    """CreateObjectsBatchResponse."""

    succeeded: list[BatchSuccess]
    failed: list[BatchFailure]
    total_requested: int
    succeeded_count: int
    failed_count: int
