"""Rows as values: what the services read of each other's tables."""

from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A collection, with the slot that it fills and the model that it pinned."""

    collection_id: str
    namespace_id: str
    collection_name: str
    bucket_ids: tuple[str, ...]
    feature_extractor: JsonObject
    extractor: str
    model: str
    feature_uri: str
    dimensions: int


@dataclass(frozen=True, kw_only=True)
class Retriever:
    """A stored retriever; `collection_identifiers` are resolved when it runs."""

    retriever_id: str
    namespace_id: str
    retriever_name: str
    collection_identifiers: tuple[str, ...]
    stages: tuple[JsonObject, ...]


@dataclass(frozen=True, kw_only=True)
class Taxonomy:
    """The taxonomy that labels a collection's documents."""

    taxonomy_id: str
    namespace_id: str
    collection_id: str
    retriever_identifier: str
    field_to_enrich: str
    confidence_threshold: float
    reference_labels: str
    version: int


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
