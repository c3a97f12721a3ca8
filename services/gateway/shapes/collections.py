"""Collections: the documents that an extractor makes of a bucket's objects, and the taxonomy that labels them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AliasChoices, Field, StringConstraints

from services.gateway.shapes.applications import (
    RetrieverEnrichment,
    RetrieverEnrichmentForm,
    TaxonomyApplication,
    TaxonomyApplicationForm,
)
from services.gateway.shapes.base import Answer, Degraded, Form, JsonObject, OpenAnswer
from services.gateway.shapes.bucket_schema import BucketSchemaOut
from services.gateway.shapes.pages import Pagination

CollectionName = Annotated[
    str, StringConstraints(min_length=3, max_length=100, pattern=r"^[^/\x00]+$", strip_whitespace=True)
]
References = Literal["all", "human"]


class SourceForm(Form):
    """Where objects come from; `bucket_id` is an older spelling. Each by id, name or `bkt_<name>`."""

    type: Literal["bucket"] = "bucket"
    bucket_ids: list[str] = Field(default_factory=list)
    bucket_id: str | None = None

    def identifiers(self) -> list[str]:
        """The buckets named."""
        return self.bucket_ids or ([self.bucket_id] if self.bucket_id else [])


class TaxonomyOptions(Form):
    """How an inline taxonomy decides where the tutorial's way, the best neighbour alone, is not wanted.

    With `path_separator` labels are paths, such as "Shoes > Running > Red": the neighbours vote, and the label is the
    deepest part of the path on which more than `path_agreement` of the votes agree.
    """

    top_k: Annotated[int | None, Field(ge=1, le=50, description="How many neighbours count")] = None
    decision: Annotated[Literal["best", "vote"] | None, Field(description="The best neighbour, or a vote")] = None
    path_field: Annotated[str | None, Field(min_length=1, max_length=255)] = None
    path_separator: Annotated[str | None, Field(min_length=1, max_length=20)] = None
    path_agreement: Annotated[float | None, Field(ge=0.5, lt=1.0)] = None

    def options(self) -> JsonObject:
        """Those that are given."""
        return self.model_dump(include=set(TaxonomyOptions.model_fields), exclude_none=True)


class TaxonomyForm(TaxonomyOptions):
    """The inline taxonomy; without a retriever one is made that searches this very collection."""

    retriever_id: str | None = None
    field_to_enrich: Annotated[str, Field(min_length=1, max_length=255)]
    confidence_threshold: Annotated[float, Field(ge=0.0, le=1.0)] = 0.30
    reference_labels: References = "all"


class TaxonomyPatch(TaxonomyOptions):
    """What may be changed of the inline taxonomy; a change makes a new version."""

    retriever_id: str | None = None
    confidence_threshold: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    reference_labels: References | None = None


class CollectionCreate(Form):
    """CreateCollectionRequest with the tutorial's inline taxonomy."""

    collection_name: Annotated[CollectionName, Field(validation_alias=AliasChoices("collection_name", "name"))]
    source: SourceForm
    feature_extractor: JsonObject | None = None
    feature_extractors: list[JsonObject] | None = None
    features: list[str] | None = None
    taxonomy: TaxonomyForm | None = None
    taxonomy_applications: Annotated[list[TaxonomyApplicationForm] | None, Field(max_length=50)] = None
    retriever_enrichments: Annotated[list[RetrieverEnrichmentForm] | None, Field(max_length=50)] = None
    description: str | None = None
    metadata: JsonObject | None = None


class CollectionPatch(Form):
    """What may be changed of a collection."""

    collection_name: Annotated[
        CollectionName | None, Field(validation_alias=AliasChoices("collection_name", "name"))
    ] = None
    taxonomy: TaxonomyPatch | None = None
    taxonomy_applications: Annotated[list[TaxonomyApplicationForm] | None, Field(max_length=50)] = None
    retriever_enrichments: Annotated[list[RetrieverEnrichmentForm] | None, Field(max_length=50)] = None
    description: str | None = None
    metadata: JsonObject | None = None


class FeatureExtractor(OpenAnswer):
    """FeatureExtractorConfigOutput."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    params: JsonObject | None
    parameters: JsonObject
    input_mappings: dict[str, str]
    field_passthrough: list[JsonObject]
    include_all_source_fields: bool


class Source(Answer):
    """SourceConfigOutput, with the ids of the buckets."""

    type: str
    bucket_ids: list[str]


class VectorIndex(Answer):
    """CollectionVectorIndex: `index.inference_name` is the model that serves the slot."""

    name: str
    feature_uri: str
    type: str = "single"
    index: JsonObject


class TaxonomyOut(OpenAnswer):
    """The inline taxonomy in force; options that were set are shown as well."""

    taxonomy_id: str
    retriever_id: str
    field_to_enrich: str
    confidence_threshold: float
    reference_labels: References
    version: int


class Collection(Answer):
    """CollectionResponse."""

    collection_id: str
    collection_name: str
    description: str | None
    source: Source
    feature_extractor: FeatureExtractor
    input_schema: BucketSchemaOut
    output_schema: BucketSchemaOut
    vector_indexes: list[VectorIndex]
    taxonomy: TaxonomyOut | None
    taxonomy_applications: list[TaxonomyApplication]
    retriever_enrichments: list[RetrieverEnrichment]
    document_count: int
    metadata: JsonObject
    enabled: bool = True
    lifecycle_state: str = "active"
    warnings: list[str]
    created_at: datetime
    updated_at: datetime


class CollectionList(Answer):
    """ListCollectionsResponse."""

    results: list[Collection]
    pagination: Pagination
    total_count: int
    warnings: list[Degraded] = Field(default_factory=list)


class CollectionDeleted(Answer):
    """What was deleted."""

    message: str
    success: bool = True
    collection_id: str


def warnings_of(feature_uri: str, model: str, *, is_named: bool) -> list[str]:
    """What to know about the model of a collection."""
    if is_named:
        return []
    text = (
        f"The slot {feature_uri} is served by the stand-in model '{model}': scores are on its scale, and its vectors "
        "cannot be compared with those of the model that the slot is named after."
    )
    return [text]
