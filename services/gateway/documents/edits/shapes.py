"""Changing documents: one, several by id, or all that pass a filter."""

from typing import Annotated, Any

from pydantic import Field

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Condition, Filter, Operator, parse
from services.gateway.documents.shapes import Document
from services.gateway.kit.shapes import Affected, Answer, Degraded, Deleted, Form, JsonObject

PATH = "body.filters"
WAYS = "'document_ids', 'filters', or 'all': true for every document of the collection"

MAX_BATCH = 1000
Id = Annotated[str, Field(min_length=1, max_length=256)]
Ids = Annotated[list[Id], Field(min_length=1, max_length=MAX_BATCH)]
AnyFilter = Annotated[Any, Field(description="A filter in any dialect, with one condition at least")]
All = Annotated[bool, Field(strict=True, description="Every document of the collection; nothing else means that")]


class BatchGet(Form):
    """BatchGetDocumentsRequest."""

    document_ids: Ids
    return_presigned_urls: bool = True


class BatchGot(Answer):
    """BatchGetDocumentsResponse."""

    documents: list[Document]
    not_found: list[str]


class DocumentUpdate(Form):
    """BatchDocumentUpdate."""

    document_id: Id
    update_data: JsonObject


class Selecting(Form):
    """Which documents are meant: those of `document_ids`, those that pass `filters`, or `all`."""

    document_ids: Ids | None = None
    filters: AnyFilter = None
    all: All = False

    def is_empty(self) -> bool:
        """Whether nothing is said."""
        return self.document_ids is None and self.filters is None and not self.all


class BatchUpdate(Selecting):
    """BatchUpdateDocumentsRequest: `updates`, or the same `update_data` for all that are selected."""

    updates: Annotated[list[DocumentUpdate] | None, Field(min_length=1, max_length=MAX_BATCH)] = None
    update_data: JsonObject | None = None


class DocumentResult(Answer):
    """How one document of a batch fared."""

    document_id: str
    success: bool
    error: str | None = None


class BatchUpdated(Answer):
    """BatchUpdateDocumentsResponse."""

    updated_count: int
    failed_count: int = 0
    results: list[DocumentResult] | None = None
    message: str = "Batch update completed"
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
    affected: Affected | None = None


class BatchDelete(Selecting):
    """BatchDeleteDocumentsRequest: by id at once, otherwise as a task."""

    reason: Annotated[str | None, Field(max_length=500)] = None


class BatchDeleted(Answer):
    """BatchDeleteDocumentsResponse."""

    task_id: str | None = None
    status: str | None = None
    deleted_count: int | None = None
    failed_count: int = 0
    results: list[DocumentResult] | None = None
    message: str = "Batch delete completed"
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
    affected: Affected | None = None


class DeletedDocument(Deleted):
    """GenericDeleteResponse, with what rested on the document."""

    affected: Affected | None = None


class BulkUpdate(Selecting):
    """BulkUpdateDocumentsRequest."""

    update_data: JsonObject


class BulkUpdated(Answer):
    """BulkUpdateDocumentsResponse."""

    task_id: str
    status: str
    updated_count: int | None = None
    message: str = "Bulk update enqueued"
    warnings: list[Degraded] = Field(default_factory=list, description="Fields of the filter that nothing has")
    affected: Affected | None = None


def selection_of(form: Selecting) -> Filter:
    """The documents as a filter; InvalidArgumentError when they are said in no way, in two, or not at all."""
    ways = (form.document_ids is not None, form.filters is not None, form.all)
    if sum(ways) != 1:
        many = "one of them only" if any(ways) else "which documents are meant"
        raise InvalidArgumentError(f"{PATH}: say {many}: {WAYS}.", path=PATH)
    if form.document_ids is not None:
        return Condition("document_id", Operator.IN, tuple(form.document_ids))
    return EVERYTHING if form.all else parse(form.filters, PATH, inputs=False, selects=True)
