"""Annotations: what people found when they looked at documents, with its history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from services.gateway.documents.edits.shapes import Id
from services.gateway.kit.shapes import Affected, Answer, Deleted, Form, JsonObject, label_text

Label = Annotated[str, BeforeValidator(label_text), Field(min_length=1, max_length=100)]
Confidence = Annotated[float, Field(ge=0, le=1)]
Reasoning = Annotated[str, Field(max_length=5000)]
MAX_BULK = 1000


class AnnotationCreate(Form):
    """CreateAnnotationRequest."""

    document_id: Id
    collection_id: str | None = None
    label: Annotated[Label, Field(description="`correct`, `incorrect`, `deferred`, or the label that is right")]
    confidence: Confidence | None = None
    reasoning: Reasoning | None = None
    payload: Annotated[JsonObject | None, Field(description="`field` names the label field that is judged")] = None
    metadata: JsonObject | None = None
    retriever_id: str | None = None
    execution_id: str | None = None
    stage_name: str | None = None


class AnnotationPatch(Form):
    """PatchAnnotationRequest: what is absent or null stays."""

    label: Label | None = None
    confidence: Confidence | None = None
    reasoning: Reasoning | None = None
    payload: JsonObject | None = None
    metadata: JsonObject | None = None


class AnnotationList(Form):
    """ListAnnotationsRequest; `as_of` shows the annotations as they stood then."""

    document_id: str | None = None
    collection_id: str | None = None
    label: str | None = None
    actor_id: str | None = None
    retriever_id: str | None = None
    as_of: datetime | None = None


class Revision(Answer):
    """AnnotationRevision: the fields of `version` that the edit after it changed."""

    version: int
    prior: JsonObject
    edited_at: datetime
    edited_by: str
    edited_by_type: str


class Annotation(Answer):
    """AnnotationResponse; `judged` is the machine's label that was checked, `verdict` what was found of it."""

    annotation_id: str
    document_id: str
    collection_id: str
    namespace_id: str
    label: str
    confidence: float | None
    reasoning: str | None
    payload: JsonObject | None
    metadata: JsonObject | None
    retriever_id: str | None
    execution_id: str | None
    stage_name: str | None
    judged: JsonObject | None
    verdict: Literal["correct", "incorrect"] | None
    actor_id: str
    actor_type: str
    created_at: datetime
    updated_at: datetime
    version: int
    revisions: list[Revision]


class AnnotationWritten(Annotation):
    """AnnotationResponse, with what rests on a label that is called wrong: it is no reference any more."""

    affected: Affected | None = None


class AnnotationDeleted(Deleted):
    """GenericDeleteResponse; a label is called wrong again when the annotation that called it right goes."""

    affected: Affected | None = None


class Annotations(Answer):
    """ListAnnotationsResponse."""

    results: list[Annotation]
    total_count: int


class VersionDescriptor(Answer):
    """AnnotationVersionDescriptor: a version, and the edit that ended it."""

    version: int
    current: bool
    edited_at: datetime | None = None
    edited_by: str | None = None
    edited_by_type: str | None = None
    changed_fields: list[str] | None = None


class AnnotationVersions(Answer):
    """AnnotationVersionsResponse."""

    annotation_id: str
    current_version: int
    versions: list[VersionDescriptor]


class AnnotationStats(Answer):
    """AnnotationStatsResponse."""

    total: int
    by_label: dict[str, int]


class BulkUpdateForm(AnnotationPatch):
    """BulkAnnotationUpdate."""

    annotation_id: Id


class BulkAnnotations(Form):
    """BulkAnnotationsRequest; each operation succeeds or fails by itself."""

    create: Annotated[list[AnnotationCreate], Field(max_length=MAX_BULK)] = Field(default_factory=list)
    update: Annotated[list[BulkUpdateForm], Field(max_length=MAX_BULK)] = Field(default_factory=list)
    delete: Annotated[list[Id], Field(max_length=MAX_BULK)] = Field(default_factory=list)

    @model_validator(mode="after")
    def _says_something(self) -> "BulkAnnotations":
        if not (self.create or self.update or self.delete):
            message = "name at least one annotation to create, update or delete"
            raise ValueError(message)
        return self


class BulkResult(Answer):
    """How one operation fared."""

    annotation_id: str | None = None
    operation: str
    success: bool
    error: str | None = None


class BulkAnnotated(Answer):
    """BulkAnnotationsResponse."""

    created_count: int
    updated_count: int
    deleted_count: int
    failed_count: int
    results: list[BulkResult]
    affected: Affected | None = None


def to_annotation(row: Mapping[str, Any]) -> JsonObject:
    """An annotation, with its revisions, as the contract shows it."""
    return {name: row[name] for name in Annotation.model_fields}
