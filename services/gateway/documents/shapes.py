"""Documents: fields at the root and in `metadata`, the taxonomy's match, blobs, and provenance in `_internal`."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.kit.lists.shapes import ListBody, ListQuery, Pagination
from services.gateway.kit.shapes import Affected, Answer, Form, JsonObject, OpenAnswer, QueryForm


class VectorNames(Form):
    """Which embeddings to answer: all (`true`), or those of these names."""

    return_vectors: Annotated[bool | None, Field(description="Embeddings as lists of numbers")] = None
    return_vector_names: Annotated[
        list[str] | bool | None, Field(description="Only the embeddings of these names; true for all")
    ] = None


class DocumentQuery(QueryForm):
    """Query parameters of one document."""

    return_presigned_urls: Annotated[bool, Field(description="Links to the blobs that work without a key")] = False
    return_vectors: Annotated[bool, Field(description="Embeddings as lists of numbers")] = False
    return_vector_names: Annotated[list[str] | None, Field(description="Only the embeddings of these names")] = None
    expand: Annotated[list[str] | None, Field(description="Fields whose document ids to resolve in `_expanded`")] = None


class DocumentListQuery(ListQuery):
    """Query parameters of a list of documents."""

    return_presigned_urls: bool | None = None
    return_vectors: bool | None = None


class Partition(Form):
    """One of `count` disjoint parts of a list, so that several readers can share it."""

    index: Annotated[int, Field(ge=0, le=255)]
    count: Annotated[int, Field(ge=1, le=256)]


class GroupField(Form):
    """A field in the form that other parameters have."""

    field: Annotated[str, Field(min_length=1, max_length=512)]


class DocumentListBody(ListBody, VectorNames):
    """ListDocumentsRequest."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        **ListBody.unused_keys,
        "return_url": UnusedKey("use return_presigned_urls.", off=False),
    }

    return_presigned_urls: bool | None = None
    group_by: Annotated[
        str | GroupField | None, Field(description="Answer groups of documents by this field instead of `results`")
    ] = None
    select: Annotated[
        list[str] | None, Field(max_length=200, description="Only these fields; document_id and collection_id always")
    ] = None
    expand: Annotated[
        list[str] | None, Field(max_length=20, description="Fields whose document ids to resolve in `_expanded`")
    ] = None
    partition: Partition | None = None

    def group_field(self) -> str | None:
        """The field to group by."""
        return self.group_by.field if isinstance(self.group_by, GroupField) else self.group_by or None


class NamespaceListBody(DocumentListBody):
    """NamespaceListDocumentsRequest: any identifiers of collections; all collections when absent."""

    collection_ids: Annotated[list[str] | None, Field(max_length=1000)] = None


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
    """DocumentResponse; all but the two ids may be left out by `select`."""

    document_id: str
    collection_id: str
    metadata: Annotated[JsonObject, Field(default_factory=dict)]
    taxonomy_match: TaxonomyMatch | None = None
    document_blobs: Annotated[list[DocumentBlob], Field(default_factory=list)]
    internal: Annotated[
        JsonObject, Field(alias="_internal", description="Lineage, processing, labels", default_factory=dict)
    ]
    affected: Affected | None = None


class DocumentGroup(Answer):
    """The documents that share a value: their number, and the first of them."""

    group_key: Any
    documents: list[Document]
    count: int


class DocumentList(Answer):
    """ListDocumentsResponse; `groups` with group_by, `results` without."""

    results: list[Document]
    pagination: Pagination
    total_documents: int | None = None
    groups: list[DocumentGroup] | None = None
    group_by_field: str | None = None
    unknown_collection_ids: list[str] | None = None
    warnings: Annotated[list[str] | None, Field(description="Fields of the filter that nothing has")] = None
