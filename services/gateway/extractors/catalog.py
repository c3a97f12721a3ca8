"""The extractors that are being served, with truthful schemas of what they read, make and can be told."""

from collections.abc import Iterator, Sequence
from typing import Any

from likeness.extractor.v1 import extractor_pb2
from services.common.extractors.parameters import PARAMETERS
from services.common.extractors.traits import TRAITS, traits_of
from services.gateway.collections.extractors.details import details_of
from services.gateway.collections.extractors.feature_uris import ExtractorName, output_of
from services.gateway.kit.shapes import Answer, JsonObject


class Extractor(Answer):
    """FeatureExtractorResponseModel."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    description: str
    icon: str
    category: str = "general"
    source: str = "builtin"
    input_schema: JsonObject
    output_schema: JsonObject
    parameter_schema: JsonObject | None = None
    supported_input_types: list[str]
    expected_input_types: dict[str, str]
    max_inputs: dict[str, int]
    default_parameters: JsonObject
    required_vector_indexes: list[JsonObject]
    required_payload_indexes: list[Any] | None = None
    position_fields: list[str]


class NamespaceExtractor(Extractor):
    """UnifiedExtractorResponse."""

    feature_uri: str | None = None


class NamespaceExtractors(Answer):
    """UnifiedExtractorListResponse; extractors of one's own are not served here."""

    success: bool = True
    extractors: list[NamespaceExtractor]
    total: int
    namespace_id: str
    builtin_count: int
    custom_count: int = 0


def to_extractors(models: Sequence[extractor_pb2.Model]) -> list[Extractor]:
    """One entry per extractor, described by its preferred model, which comes first; then those without a model."""
    preferred: dict[str, extractor_pb2.Model] = {}
    for model in models:
        preferred.setdefault(model.extractor, model)
    served = [_extractor(ExtractorName.parse(model.extractor), model) for model in preferred.values()]
    return [*served, *(_extractor(name, None) for name in _without_model())]


def _without_model() -> Iterator[ExtractorName]:
    return (ExtractorName(name=name, version="v1") for name, traits in TRAITS.items() if not traits.extracts)


def to_namespace_extractors(namespace_id: str, extractors: Sequence[Extractor]) -> NamespaceExtractors:
    """The same extractors, as a namespace lists them."""
    found = [to_namespace_extractor(extractor) for extractor in extractors]
    return NamespaceExtractors(extractors=found, total=len(found), namespace_id=namespace_id, builtin_count=len(found))


def to_namespace_extractor(extractor: Extractor) -> NamespaceExtractor:
    """One extractor with the URI of its feature."""
    indexes = extractor.required_vector_indexes
    uri = indexes[0]["feature_uri"] if indexes else None
    return NamespaceExtractor(**extractor.model_dump(), feature_uri=uri)


def _extractor(extractor: ExtractorName, model: extractor_pb2.Model | None) -> Extractor:
    details, inputs, kind = details_of(extractor.name), traits_of(extractor.name).inputs, PARAMETERS.get(extractor.name)
    vector = {} if model is None else {extractor.vector_field: _vector_schema(model)}
    return Extractor(
        feature_extractor_name=extractor.name,
        version=extractor.version,
        feature_extractor_id=extractor.identifier,
        description=details.description,
        icon=details.icon,
        input_schema={"type": "object", "properties": {name: {"type": "string"} for name in inputs}},
        output_schema={"type": "object", "properties": {**details.fields, **vector}},
        parameter_schema=None if kind is None else kind.model_json_schema(),
        supported_input_types=list(details.supported),
        expected_input_types={name: name for name in inputs},
        max_inputs=dict.fromkeys(inputs, 1),
        default_parameters={"extractor_type": extractor.name} if kind is None else kind().model_dump(exclude_none=True),
        required_vector_indexes=[] if model is None else [_vector_index(extractor, model)],
        position_fields=list(details.position_fields),
    )


def _vector_schema(model: extractor_pb2.Model) -> JsonObject:
    return {"type": "array", "items": {"type": "number"}, "minItems": model.dimensions, "maxItems": model.dimensions}


def _vector_index(extractor: ExtractorName, model: extractor_pb2.Model) -> JsonObject:
    return {
        "name": output_of(model.feature_uri),
        "feature_uri": model.feature_uri,
        "description": f"Vectors of {extractor.joined}, served by {model.model}",
        "type": "single",
        "index": {
            "name": extractor.vector_field,
            "description": f"Unit vectors of {model.dimensions} numbers",
            "dimensions": model.dimensions,
            "type": "dense",
            "distance": "Cosine",
            "inference_name": model.model,
        },
    }
