"""Collections: the documents that an extractor makes, and what labels them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, BeforeValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.buckets.schema import BucketSchemaOut
from services.gateway.collections.applications.shapes import (
    MOST,
    RetrieverEnrichment,
    RetrieverEnrichmentForm,
    TaxonomyApplication,
    TaxonomyApplicationForm,
)
from services.gateway.collections.inline_taxonomies.shapes import TaxonomyForm, TaxonomyOut, TaxonomyPatch
from services.gateway.collections.settings import CollectionSettings
from services.gateway.collections.sources.shapes import Source, SourceForm
from services.gateway.kit.lists.shapes import Pagination
from services.gateway.kit.shapes import Affected, Answer, Degraded, Form, JsonObject, OpenAnswer

CollectionName = Annotated[
    str, StringConstraints(min_length=3, max_length=100, pattern=r"^[^/\x00]+$", strip_whitespace=True)
]
NAME = AliasChoices("collection_name", "name")
TaxonomyApplications = Annotated[list[TaxonomyApplicationForm] | None, Field(max_length=MOST)]
Enrichments = Annotated[list[RetrieverEnrichmentForm] | None, Field(max_length=MOST)]


def _refused(value: Any) -> None:
    if value is not None:
        raise PydanticCustomError("fixed", "cannot be changed; clone the collection (POST .../clone) with another one.")


Fixed = Annotated[None, BeforeValidator(_refused), Field(description="Cannot be changed; clone the collection instead")]


class CollectionCreate(CollectionSettings):
    """CreateCollectionRequest with the tutorial's inline taxonomy."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "input_schema": UnusedKey("the input schema is that of the bucket."),
    }

    collection_name: Annotated[CollectionName, Field(validation_alias=NAME)]
    source: SourceForm
    feature_extractor: JsonObject | None = None
    feature_extractors: list[JsonObject] | None = None
    features: list[str] | None = None
    taxonomy: TaxonomyForm | None = None
    taxonomy_applications: TaxonomyApplications = None
    retriever_enrichments: Enrichments = None
    description: str | None = None
    metadata: JsonObject | None = None
    enabled: bool = True


class CollectionPatch(CollectionSettings):
    """What may be changed of a collection: what is given, and null takes a setting away.

    `field_passthrough` are all rules from now on; a task passes the fields through to the documents that are there.
    """

    collection_name: Annotated[CollectionName | None, Field(validation_alias=NAME)] = None
    taxonomy: TaxonomyPatch | None = None
    taxonomy_applications: TaxonomyApplications = None
    retriever_enrichments: Enrichments = None
    description: str | None = None
    metadata: JsonObject | None = None
    enabled: bool | None = None
    field_passthrough: Annotated[list[Any] | None, Field(max_length=200)] = None
    source: Fixed = None
    feature_extractor: Fixed = None
    feature_extractors: Fixed = None
    features: Fixed = None
    input_mappings: Fixed = None
    parameters: Fixed = None
    include_all_source_fields: Fixed = None
    embedding_task: Fixed = None


class CollectionClone(Form):
    """CloneCollectionRequest: what is not given is as in the original."""

    collection_name: Annotated[CollectionName, Field(validation_alias=NAME)]
    source: SourceForm | None = None
    feature_extractor: JsonObject | None = None
    taxonomy_applications: TaxonomyApplications = None
    description: str | None = None
    metadata: JsonObject | None = None
    enabled: bool | None = None


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


class VectorIndex(Answer):
    """CollectionVectorIndex: `index.inference_name` is the model that serves the slot."""

    name: str
    feature_uri: str
    type: str = "single"
    index: JsonObject


class DisabledReason(Answer):
    """CollectionDisabledReason."""

    code: Literal["source_collection_deleted"]
    message: str
    source_collection_id: str
    disabled_at: datetime


class Collection(Answer):
    """CollectionResponse."""

    collection_id: str
    collection_name: str
    description: str | None
    source: Source
    feature_extractor: FeatureExtractor
    input_schema: BucketSchemaOut
    output_schema: BucketSchemaOut
    source_bucket_schemas: dict[str, BucketSchemaOut]
    vector_indexes: list[VectorIndex]
    embedding_task: str | None
    taxonomy: TaxonomyOut | None
    taxonomy_applications: list[TaxonomyApplication]
    taxonomy_count: int
    cluster_applications: list[JsonObject] | None
    alert_applications: list[JsonObject] | None
    retriever_enrichments: list[RetrieverEnrichment]
    retriever_transform: JsonObject | None
    schedule: JsonObject | None
    trigger_id: str | None
    document_count: int
    metadata: JsonObject
    enabled: bool
    disabled_reason: DisabledReason | None
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


class CollectionCloned(Answer):
    """CloneCollectionResponse; the documents are not copied, trigger the clone to make its own."""

    collection: Collection
    source_collection_id: str


class CollectionDeleted(Answer):
    """What was deleted."""

    message: str
    success: bool = True
    collection_id: str
    affected: Affected | None = None
    warnings: list[Degraded] = Field(default_factory=list)
