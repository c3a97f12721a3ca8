"""What this server can do, for clients that ask before they have a key."""

from collections.abc import Sequence

from likeness.extractor.v1 import extractor_pb2
from services.gateway.collections.extractors.details import details_of
from services.gateway.collections.extractors.feature_uris import ExtractorName
from services.gateway.extractors.catalog import Extractor
from services.gateway.kit.shapes import Answer, JsonObject
from services.gateway.retrievers.shapes import StageDefinition


class Feature(Answer):
    """A slot, and a model that serves it."""

    feature_uri: str
    feature_extractor_id: str
    dimensions: int
    distance: str = "cosine"
    model: str
    is_named_model: bool
    query_modalities: list[str]


class Modality(Answer):
    """The features of one kind of content."""

    modality: str
    features: list[Feature]


class FeatureDiscovery(Answer):
    """FeatureDiscoveryResponse."""

    modalities: list[Modality]
    custom_features: list[JsonObject] | None = None
    full_res_multiplier: float = 1.0


class ExtractorDiscovery(Answer):
    """An extractor in short."""

    name: str
    version: str
    description: str
    supported_modalities: list[str]
    output_features: list[JsonObject]
    input_schema: JsonObject
    parameter_schema: JsonObject | None
    output_schema: JsonObject
    supported_input_types: list[str]
    max_inputs: dict[str, int]
    default_parameters: JsonObject
    required_vector_indexes: list[JsonObject]


class StageDiscovery(Answer):
    """A stage of retrievers in short."""

    stage_id: str
    description: str
    category: str
    icon: str
    parameter_schema: JsonObject | None


class Discovery(Answer):
    """DiscoveryResponse."""

    extractors: list[ExtractorDiscovery]
    stages: list[StageDiscovery]


def to_features(models: Sequence[extractor_pb2.Model]) -> FeatureDiscovery:
    """Every served model under each kind of content that its extractor reads."""
    found: dict[str, list[Feature]] = {}
    for model in models:
        for kind in details_of(ExtractorName.parse(model.extractor).name).supported:
            found.setdefault(kind, []).append(_feature(model))
    return FeatureDiscovery(modalities=[Modality(modality=kind, features=each) for kind, each in found.items()])


def _feature(model: extractor_pb2.Model) -> Feature:
    return Feature(
        feature_uri=model.feature_uri,
        feature_extractor_id=ExtractorName.parse(model.extractor).identifier,
        dimensions=model.dimensions,
        model=model.model,
        is_named_model=model.is_named_model,
        query_modalities=list(model.modalities),
    )


def to_discovered_extractors(extractors: Sequence[Extractor]) -> list[ExtractorDiscovery]:
    """The catalogue in short."""
    shared = set(ExtractorDiscovery.model_fields) & set(Extractor.model_fields)
    return [
        ExtractorDiscovery(
            name=each.feature_extractor_name,
            supported_modalities=each.supported_input_types,
            output_features=each.required_vector_indexes,
            **each.model_dump(include=shared),
        )
        for each in extractors
    ]


def to_discovered_stages(stages: Sequence[StageDefinition]) -> list[StageDiscovery]:
    """The stages in short."""
    return [StageDiscovery(**each.model_dump(include=set(StageDiscovery.model_fields))) for each in stages]
