"""Uploads by presigned URL: what is asked for, and what is said of them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StringConstraints

from services.gateway.kit.lists.shapes import ListBody, Pagination
from services.gateway.kit.shapes import Answer, Form, JsonObject
from services.gateway.tasks.shapes import TaskOut

MAX_UPLOADS = 100
MAX_FIELD = 100


def _plain_name(name: str) -> str:
    if "/" in name or "\\" in name or not name.isprintable() or name in (".", ".."):
        raise ValueError("must be the name of a file, without folders")
    return name


Filename = Annotated[str, StringConstraints(min_length=1, max_length=255), AfterValidator(_plain_name)]
MimeType = Annotated[str, StringConstraints(pattern=r"^[\w.+-]+/[\w.+-]+( *;[ -~]*)?$", max_length=255)]


class UploadCreate(Form):
    """CreateUploadRequest: `file_hash` is the SHA256 of the content."""

    filename: Filename
    content_type: MimeType
    file_size_bytes: Annotated[int | None, Field(ge=1)] = None
    presigned_url_expiration: Annotated[int, Field(ge=60, le=86_400)] = 3600
    metadata: JsonObject | None = None
    create_object_on_confirm: bool = True
    object_metadata: JsonObject | None = None
    blob_property: Annotated[str | None, Field(pattern=r"^[a-zA-Z0-9_]+$", max_length=MAX_FIELD)] = None
    blob_type: Annotated[str | None, Field(max_length=20)] = None
    file_hash: Annotated[str | None, Field(pattern=r"^[a-f0-9]{64}$")] = None
    skip_duplicates: bool = True


class UploadBatch(Form):
    """BatchUploadRequest: what is shared is merged under what each upload says."""

    uploads: Annotated[list[UploadCreate], Field(min_length=1, max_length=MAX_UPLOADS)]
    shared_metadata: JsonObject | None = None
    shared_object_metadata: JsonObject | None = None

    def merged(self) -> list[UploadCreate]:
        """Each upload with what it shares."""
        return [
            each.model_copy(
                update={
                    "metadata": (self.shared_metadata or {}) | (each.metadata or {}),
                    "object_metadata": (self.shared_object_metadata or {}) | (each.object_metadata or {}),
                }
            )
            for each in self.uploads
        ]


class UploadConfirm(Form):
    """ConfirmUploadRequest."""

    etag: Annotated[str | None, Field(max_length=200)] = None
    file_size_bytes: Annotated[int | None, Field(ge=1)] = None
    auto_submit_batch: bool = False


class UploadConfirmation(UploadConfirm):
    """One confirmation of several."""

    upload_id: Annotated[str, Field(max_length=100)]


class ConfirmBatch(Form):
    """BatchConfirmRequest."""

    confirmations: Annotated[list[UploadConfirmation], Field(min_length=1, max_length=MAX_UPLOADS)]


class UploadListBody(ListBody):
    """ListUploadsRequest."""

    return_presigned_urls: bool | None = None


class Upload(Answer):
    """UploadResponse: PUT the bytes to `presigned_url` with the same Content-Type, then confirm."""

    upload_id: str
    bucket_id: str
    filename: str
    content_type: str
    file_size_bytes: int | None
    presigned_url: str | None
    presigned_url_expiration: int
    s3_key: str
    status: str
    metadata: JsonObject
    create_object_on_confirm: bool
    object_metadata: JsonObject
    blob_property: str | None
    blob_type: str | None
    file_hash: str | None
    skip_duplicates: bool
    is_duplicate: bool = False
    duplicate_of_upload_id: str | None = None
    message: str | None
    created_at: datetime
    expires_at: datetime
    completed_at: datetime | None
    verified_at: datetime | None
    etag: str | None
    object_id: str | None
    task_id: str | None


class Taken(Answer):
    """What the gateway has taken of an upload; `etag` is its MD5, as S3 would say."""

    etag: str


class UploadStats(Answer):
    """UploadListStats, of the whole bucket."""

    total_uploads: int
    total_size_bytes: int
    uploads_by_status: dict[str, int]
    avg_file_size_bytes: float
    unique_buckets: int


class UploadList(Answer):
    """ListUploadsResponse."""

    results: list[Upload]
    pagination: Pagination
    stats: UploadStats


class Uploads(Answer):
    """BatchUploadResponse."""

    uploads: list[Upload]
    total: int


class Confirmed(Answer):
    """ConfirmUploadResponse."""

    upload_id: str
    status: str
    etag: str | None
    file_size_bytes: int | None
    file_hash: str | None
    verified_at: datetime | None
    completed_at: datetime | None
    object_id: str | None
    task_id: str | None
    batch_id: str | None
    message: str | None


class ConfirmedBatch(Answer):
    """BatchConfirmResponse: the task is done when this is answered; its outputs say what became of each upload."""

    task_id: str
    status: str
    confirmations_count: int
    task: TaskOut
    message: str


def to_upload(row: Any, presigned_url: str | None, **more: Any) -> Upload:
    """An upload from its row."""
    return Upload(
        **{name: row[name] for name in COPIED},
        file_size_bytes=row["size_bytes"] or row["file_size_bytes"],
        presigned_url=presigned_url,
        s3_key=row["storage_key"] or f"uploads/{row['upload_id']}",
        file_hash=row["sha256"] or row["file_hash"],
        **more,
    )


COPIED = (
    "upload_id",
    "bucket_id",
    "filename",
    "content_type",
    "presigned_url_expiration",
    "status",
    "metadata",
    "create_object_on_confirm",
    "object_metadata",
    "blob_property",
    "blob_type",
    "skip_duplicates",
    "message",
    "created_at",
    "expires_at",
    "completed_at",
    "verified_at",
    "etag",
    "object_id",
    "task_id",
)


def to_confirmed(row: Any) -> Confirmed:
    """What a confirmation says."""
    copied = (
        "upload_id",
        "status",
        "etag",
        "verified_at",
        "completed_at",
        "object_id",
        "task_id",
        "batch_id",
        "message",
    )
    return Confirmed(**{name: row[name] for name in copied}, file_size_bytes=row["size_bytes"], file_hash=row["sha256"])
