"""What to cluster by: vectors or attributes, in the contract's words and in those of its older pages."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AliasChoices, Field, ValidationError, ValidationInfo, field_validator, model_validator

from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.clusters.parameters import PARAMETERS, Dbscan, Hdbscan, KMeans, Method
from services.gateway.kit.shapes import Form, JsonObject

OWN_PARAMETERS = ("kmeans_parameters", "dbscan_parameters", "hdbscan_parameters")
# What the hosted service has and this one does not -> what to use instead.
UNSERVED = {
    "leiden": "hdbscan",
    "evoc": "hdbscan",
    "attribute_based": "cluster_type 'attribute' with an attribute_config",
}
# Settings that would change what comes out, and are not served -> the value that leaves them off.
OFF = {
    "hierarchical": False,
    "output_strategy": "single",
    "effective_feature_method": "mean",
    "weight_learning_config": None,
    "face_cluster_merge": None,
}
MOST_SAMPLES = 1_000_000
MOST_FEATURES = 10
Feature = Annotated[str, Field(min_length=1, max_length=1000)]
SampleSize = Annotated[int, Field(ge=1, le=MOST_SAMPLES)]
Dimensions = Literal[2, 3]
Stability = Literal["none", "transform", "align"]


class PreprocessingStep(Form):
    """NoReduction, UMAPParams, TSNEParams or WhiteningParams, by its `method`; also pca."""

    method: Literal["none", "umap", "pca", "tsne", "whitening"]
    n_components: Annotated[int | None, Field(ge=2, le=256)] = None
    random_state: Annotated[int | None, Field(ge=0, le=2**32 - 1)] = None
    n_neighbors: Annotated[int | None, Field(ge=2, le=1000)] = None
    min_dist: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    metric: Literal["cosine", "euclidean", "manhattan", "correlation"] | None = None
    perplexity: Annotated[float | None, Field(gt=0, le=1000, allow_inf_nan=False)] = None
    learning_rate: Annotated[float | None, Field(gt=0, le=1e6, allow_inf_nan=False)] = None
    regularization: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None


class VectorConfig(Form):
    """VectorBasedConfig. `algorithm_params` holds the parameters of any method; unknown ones have no effect."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        **{name: UnusedKey("leave it out.", off) for name, off in OFF.items()},
        "max_hierarchy_depth": IDLE,
    }

    feature_uri: Feature | None = None
    feature_uris: Annotated[
        list[Feature] | None,
        Field(
            min_length=1,
            max_length=MOST_FEATURES,
            validation_alias=AliasChoices("feature_uris", "feature_addresses"),
        ),
    ] = None
    feature_extractor_name: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    version: Annotated[str | None, Field(min_length=1, max_length=50)] = None
    output_name: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    clustering_method: Annotated[Method, Field(validation_alias=AliasChoices("clustering_method", "algorithm"))]
    sample_size: SampleSize | None = None
    kmeans_parameters: KMeans | None = None
    dbscan_parameters: Dbscan | None = None
    hdbscan_parameters: Hdbscan | None = None
    algorithm_params: Annotated[
        JsonObject | None, Field(validation_alias=AliasChoices("algorithm_params", "algorithm_config"))
    ] = None
    multi_feature_strategy: Literal["concatenate", "weighted", "independent"] = "concatenate"
    normalize_features: bool = True
    feature_weights: dict[str, Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]] | None = None
    preprocessing_steps: Annotated[list[PreprocessingStep] | None, Field(max_length=5)] = None
    enrich_source: bool = False
    vis_n_components: Dimensions | None = 2
    layout_stability: Stability | None = None

    @field_validator("clustering_method", mode="before")
    @classmethod
    def _served(cls, value: Any) -> Any:
        if isinstance(value, str) and (instead := UNSERVED.get(value)):
            message = f"'{value}' is not served here; use {instead}"
            raise ValueError(message)
        return value

    @field_validator(*OWN_PARAMETERS, mode="after")
    @classmethod
    def _of_the_method(cls, value: Form | None, info: ValidationInfo) -> Form | None:
        method, own = info.data.get("clustering_method"), str(info.field_name).partition("_")[0]
        if value is not None and method not in (None, own):
            message = f"belongs to the method '{own}', and clustering_method is '{method}'"
            raise ValueError(message)
        return value

    @field_validator("algorithm_params", mode="after")
    @classmethod
    def _known(cls, value: JsonObject | None, info: ValidationInfo) -> JsonObject | None:
        method = info.data.get("clustering_method")
        return value if value is None or method is None else known_parameters(method, value)

    def parameters(self) -> JsonObject:
        """The parameters that were given; those of the method's own field beat `algorithm_params`."""
        own: Form | None = getattr(self, f"{self.clustering_method}_parameters", None)
        given = own.model_dump(exclude_unset=True) if own else {}
        return {**(self.algorithm_params or {}), **given}

    def features(self) -> list[str]:
        """The feature URIs that it names, each once."""
        named = [*([self.feature_uri] if self.feature_uri else []), *(self.feature_uris or [])]
        return list(dict.fromkeys(named))


def known_parameters(method: str, given: JsonObject) -> JsonObject:
    """Parameters of a method, checked, without those that have no effect; ValueError when one is wrong."""
    try:
        return PARAMETERS[method].model_validate(given).model_dump(exclude_unset=True)
    except ValidationError as error:
        faults = (f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}" for fault in error.errors())
        message = f"for {method}: {'; '.join(faults)}"
        raise ValueError(message) from error


class AttributeConfig(Form):
    """AttributeBasedConfig."""

    attributes: Annotated[list[Annotated[str, Field(min_length=1, max_length=512)]], Field(min_length=1, max_length=5)]
    hierarchical_grouping: bool = False
    aggregation_method: Literal["most_frequent", "first", "last"] | None = None

    @model_validator(mode="after")
    def _each_once(self) -> "AttributeConfig":
        if len(set(self.attributes)) < len(self.attributes):
            message = "attributes names a field twice"
            raise ValueError(message)
        return self


class DimensionReduction(Form):
    """The tutorial's spelling of a first preprocessing step, and of the dimensions of the picture."""

    method: Literal["umap", "pca", "tsne", "none"] = "umap"
    n_components: Annotated[int, Field(ge=2, le=256)] = 2
    n_neighbors: Annotated[int | None, Field(ge=2, le=1000)] = None
    min_dist: Annotated[float | None, Field(ge=0, le=1, allow_inf_nan=False)] = None
    metric: Literal["cosine", "euclidean", "manhattan", "correlation"] | None = None
    random_state: Annotated[int | None, Field(ge=0, le=2**32 - 1)] = None

    def step(self) -> JsonObject:
        """The same as a preprocessing step."""
        return self.model_dump(exclude_none=True)
