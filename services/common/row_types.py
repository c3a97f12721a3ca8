"""Rows as values: what the services read of each other's tables."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A collection, with the slot that it fills and the model that it pinned.

    `model`, `feature_uri` and `dimensions` are all None when its extractor makes no vectors.
    It reads the objects of `bucket_ids`, or else the documents of `source_collection_ids`; `source` holds the rest.
    """

    collection_id: str
    namespace_id: str
    collection_name: str
    bucket_ids: tuple[str, ...]
    source_collection_ids: tuple[str, ...]
    source: JsonObject
    enabled: bool
    feature_extractor: JsonObject
    extractor: str
    model: str | None
    feature_uri: str | None
    dimensions: int | None


@dataclass(frozen=True, kw_only=True)
class Retriever:
    """A stored retriever; `bindings` say which ids the identifiers in it mean."""

    retriever_id: str
    namespace_id: str
    retriever_name: str
    collection_identifiers: tuple[str, ...]
    stages: tuple[JsonObject, ...]
    bindings: JsonObject


@dataclass(frozen=True, kw_only=True)
class Labeller:
    """What labels the documents of a collection: an applied taxonomy or, without `taxonomy_id`, a retriever enrichment.

    `inline` ones decide by vectors alone.
    """

    taxonomy_id: str | None
    label_fields: tuple[str, ...]
    inline: bool


@dataclass(frozen=True, kw_only=True)
class Blob:
    """A blob of an object: either still at `source_url`, or in the blob store under `storage_key`, or both."""

    blob_id: str
    position: int
    property: str
    type: str
    source_url: str | None
    storage_key: str | None
    filename: str | None
    mime_type: str | None
    size_bytes: int | None
    sha256: str | None


@dataclass(frozen=True, kw_only=True)
class ObjectFields:
    """What people said of an object; `human_fields` maps a field to the time at which a person set it."""

    fields: JsonObject
    human_fields: JsonObject


@dataclass(frozen=True, kw_only=True)
class StoredDocument:
    """The parts of a stored document that a second run has to respect; `vector` is b"" when it has none."""

    fields: JsonObject
    labels: JsonObject
    taxonomy_match: JsonObject | None
    internal: JsonObject
    part: int = 0
    vector: bytes = b""


@dataclass(frozen=True, kw_only=True)
class SourceDocument:
    """A document from which documents of another collection are made."""

    document_id: str
    collection_id: str
    fields: JsonObject
    labels: JsonObject
    lineage: JsonObject


@dataclass(frozen=True, kw_only=True)
class DocumentBlob:
    """A file made of a document's part; `role` is "thumbnail" or "artifact"."""

    blob_id: str
    document_id: str
    field: str
    role: str
    mime_type: str
    storage_key: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class EmbeddingRow:
    """A vector of a document: little-endian float16, unit norm."""

    feature_uri: str
    model: str
    dimensions: int
    vector: bytes


@dataclass(frozen=True, kw_only=True)
class DocumentRow:
    """A document as it is to be stored."""

    document_id: str
    namespace_id: str
    collection_id: str
    bucket_id: str
    object_id: str
    part: int
    fields: JsonObject
    taxonomy_match: JsonObject | None
    labels: JsonObject
    internal: JsonObject
    source_document_id: str | None = None
    embeddings: Sequence[EmbeddingRow] = field(default=())
    blobs: Sequence[DocumentBlob] = field(default=())
