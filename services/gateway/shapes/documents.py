"""Documents: fields at the root and in `metadata`, the taxonomy's match, blobs, and provenance in `_internal`."""

from typing import Annotated, Any

from pydantic import Field

from services.gateway.shapes.base import Answer, Form, JsonObject, OpenAnswer
from services.gateway.shapes.pages import ListBody, ListQuery, Pagination


class DocumentQuery(Form):
    """Query parameters of one document."""

    return_presigned_urls: Annotated[bool, Field(description="Links to the blobs that work without a key")] = False
    return_vectors: Annotated[bool, Field(description="Embeddings as lists of numbers")] = False


class DocumentListQuery(ListQuery):
    """Query parameters of a list of documents."""

    return_presigned_urls: bool | None = None
    return_vectors: bool | None = None


class DocumentListBody(ListBody):
    """ListDocumentsRequest."""

    return_presigned_urls: bool | None = None
    return_vectors: bool | None = None


class TaxonomyMatch(OpenAnswer):
    """What the taxonomy decided; the confidence is the best score, also when it is under the threshold."""

    matched: bool
    confidence: float
    source_document_id: str | None = None
    source: str | None = None


class DocumentBlob(Answer):
    """BlobURLRef."""

    field: str
    role: str = "source"
    type: str
    url: str
    filename: str | None = None
    size_bytes: int | None = None
    content_type: str | None = None
    checksum: str | None = None
    source_blob_id: str | None = None
    presigned_url: str | None = None


class Document(OpenAnswer):
    """DocumentResponse."""

    document_id: str
    collection_id: str
    metadata: JsonObject
    taxonomy_match: TaxonomyMatch | None
    document_blobs: list[DocumentBlob]
    internal: Annotated[JsonObject, Field(alias="_internal", description="Lineage, processing, labels")]


class DocumentList(Answer):
    """ListDocumentsResponse."""

    results: list[Document]
    pagination: Pagination
    total_documents: int | None = None


class CountBody(Form):
    """An optional filter."""

    filters: Any = None


class DocumentCount(Answer):
    """DocumentCountResponse."""

    collection_id: str
    count: int


class DistinctBody(Form):
    """DistinctValuesRequest."""

    field: Annotated[str, Field(min_length=1)]
    filters: Any = None
    limit: Annotated[int, Field(ge=1, le=10_000)] = 1000


class DistinctValue(Answer):
    """A value and the number of documents that have it."""

    value: Any
    count: int


class DistinctValues(Answer):
    """DistinctValuesResponse: documents without the field are not counted."""

    field: str
    values: list[DistinctValue]
    total_distinct: int


class Share(Answer):
    """A value, the number of documents that have it, and their percentage of all documents."""

    value: Any
    count: int
    percentage: float


class FieldDistribution(Answer):
    """How the values of a field are spread; documents without one are counted in `missing`."""

    collection_id: str
    field: str
    total: int
    missing: int
    distinct: int
    distribution: list[Share]
