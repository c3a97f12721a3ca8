"""Exports of collections: what is asked for, and where the files are."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from services.gateway.kit.shapes import Answer, Form

ExportFormat = Literal["json", "csv", "parquet", "webdataset"]
PATH = 512


class ExportDestination(Form):
    """Where to write the files as well: an S3 prefix that the operator named, and a prefix below it."""

    connection_id: Annotated[str, Field(min_length=1, max_length=100)]
    prefix: Annotated[str | None, Field(max_length=PATH)] = ""


class CollectionExport(Form):
    """CollectionExportRequest."""

    format: ExportFormat | None = "parquet"
    include_vectors: Annotated[bool | None, Field(description="Vectors, in a file of their own")] = False
    include_lineage: Annotated[
        bool | None, Field(description="lineage_chain, source_content_hash and document_created_at in every row")
    ] = False
    select_fields: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=PATH)]] | None,
        Field(max_length=200, description="Only these fields, with dots for what is inside; the two ids always"),
    ] = None
    filters: Annotated[Any, Field(description="A filter in any dialect")] = None
    sample_size: Annotated[int | None, Field(ge=1, le=1_000_000, description="At most so many documents")] = None
    include_media: Annotated[bool | None, Field(description="webdataset only: the objects' files")] = False
    samples_per_shard: Annotated[int | None, Field(ge=1, le=100_000, description="webdataset only")] = 1000
    destination: ExportDestination | None = None

    @field_validator("format", mode="before")
    @classmethod
    def _lower(cls, value: Any) -> Any:
        return value.lower() if isinstance(value, str) else value


class ExportStarted(Answer):
    """An export that is under way: GET /v1/tasks/{task_id} tells its progress."""

    task_id: str
    status: str
    collection_id: str
    result: Annotated[str, Field(description="Where the answer will be, below /v1")]


class ExportShard(Answer):
    """One tar of a WebDataset."""

    filename: str
    s3_path: str
    download_url: str
    sample_count: int
    file_size_bytes: int


class ExportMedia(Answer):
    """ExportMediaSummary: which of the objects' files reached the shards."""

    samples_with_media: int
    samples_without_media: int
    members_written: int
    members_skipped_too_large: int
    objects_not_found: int
    download_failures: int
    media_bytes: int


class ExportDestinationResult(Answer):
    """What was written to the operator's S3 prefix."""

    connection_id: str
    prefix: str
    files: list[str]
    manifest_key: str
    bytes_written: int


class CollectionExported(Answer):
    """CollectionExportResponse; the links work for an hour, without a key."""

    download_url: str
    s3_path: str
    format: ExportFormat
    document_count: int
    file_size_bytes: int
    exported_at: datetime
    vectors_download_url: str | None = None
    vectors_s3_path: str | None = None
    shard_count: int | None = None
    shard_pattern: str | None = None
    shards: list[ExportShard] | None = None
    media: ExportMedia | None = None
    destination: ExportDestinationResult | None = None
