"""Requests for clusters."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, Field, field_validator, model_validator

from services.common.validation.unknown_keys import UnusedKey
from services.gateway.clusters.config import (
    AttributeConfig,
    DimensionReduction,
    Dimensions,
    SampleSize,
    Stability,
    VectorConfig,
)
from services.gateway.clusters.llm_labeling import LlmLabeling
from services.gateway.kit.shapes import Form, JsonObject

MOST_COLLECTIONS = 100
Name = Annotated[str, Field(min_length=1, max_length=255)]
Identifier = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str | None, Field(max_length=5000)]
Seconds = Annotated[int, Field(ge=0, le=2_592_000)]
AnyFilter = Annotated[Any, Field(description="A filter in any dialect")]
OF_CLUSTERS = "clusters of clusters are not served here; name the collections in collection_ids"


class FieldMapping(Form):
    """EnrichmentFieldMapping."""

    source_field: Annotated[str, Field(min_length=1, max_length=255)]
    target_field: Annotated[str, Field(min_length=1, max_length=255)]


class SourceEnrichment(Form):
    """SourceEnrichmentConfig: under which names the cluster is written to its documents."""

    field_mappings: Annotated[list[FieldMapping] | None, Field(max_length=20)] = None


class ClusterCreate(Form):
    """CreateClusterRequest, and `dimension_reduction` of the tutorial."""

    collection_ids: Annotated[
        list[Identifier],
        Field(
            min_length=1,
            max_length=MOST_COLLECTIONS,
            validation_alias=AliasChoices("collection_ids", "source_collection_ids"),
            description="By id or name",
        ),
    ]
    source_cluster_ids: None = None
    cluster_name: Name | None = None
    description: Description = None
    metadata: JsonObject | None = None
    cluster_type: Literal["vector", "attribute"] | None = None
    vector_config: VectorConfig | None = None
    attribute_config: AttributeConfig | None = None
    filters: AnyFilter = None
    llm_labeling: LlmLabeling | None = None
    dimension_reduction: DimensionReduction | None = None
    enrich_source_collection: bool = False
    source_enrichment_config: SourceEnrichment | None = None
    auto_execute_on_batch: bool = False
    auto_execute_min_documents: Annotated[int | None, Field(ge=1, le=1_000_000_000)] = None
    auto_execute_cooldown_seconds: Seconds = 3600

    @field_validator("source_cluster_ids", mode="before")
    @classmethod
    def _of_documents(cls, value: Any) -> None:
        if value is not None:
            raise ValueError(OF_CLUSTERS)

    @model_validator(mode="after")
    def _one_config(self) -> "ClusterCreate":
        wanted, other = f"{self.type()}_config", f"{'attribute' if self.type() == 'vector' else 'vector'}_config"
        if getattr(self, wanted) is None:
            message = f"cluster_type '{self.type()}' needs {wanted}"
            raise ValueError(message)
        if getattr(self, other) is not None:
            message = f"cluster_type '{self.type()}' has no {other}; make another cluster for that"
            raise ValueError(message)
        return self

    def type(self) -> Literal["vector", "attribute"]:
        """The type that is named, or that the config tells."""
        return self.cluster_type or ("vector" if self.attribute_config is None else "attribute")


class ClusterPatch(Form):
    """PatchClusterRequest; null takes a description, filters or the naming away."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "face_cluster_merge": UnusedKey("faces are labelled one by one."),
    }

    cluster_name: Name | None = None
    description: Description = None
    metadata: JsonObject | None = None
    llm_labeling: LlmLabeling | None = None
    filters: AnyFilter = None
    sample_size: SampleSize | None = None
    algorithm_params: JsonObject | None = None
    layout_stability: Stability | None = None
    source_cluster_ids: None = None

    @field_validator("source_cluster_ids", mode="before")
    @classmethod
    def _of_documents(cls, value: Any) -> None:
        if value is not None:
            raise ValueError(OF_CLUSTERS)


class ClusterExecute(Form):
    """ExecuteClusterByIdRequest: what holds for this run alone."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "source_execution_ids": UnusedKey("clusters of clusters are not served."),
    }

    mode: Literal["full", "assign"] = "full"
    assignment_threshold: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] = 0.5
    filters: AnyFilter = None
    sample_size: SampleSize | None = None
    vis_n_components: Dimensions | None = None
    defer_visualization: bool | None = None
    layout_stability: Stability | None = None
    llm_labeling: LlmLabeling | None = None

    @field_validator("mode", mode="before")
    @classmethod
    def _served(cls, value: Any) -> Any:
        if value == "composite":
            message = "'composite' is not served here; use 'full' on a cluster of all the collections"
            raise ValueError(message)
        return value or "full"
