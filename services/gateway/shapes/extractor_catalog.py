"""The extractors that are being served, as `GET /collections/features/extractors` lists them."""

from collections.abc import Mapping, Sequence
from typing import Any

from likeness.extractor.v1 import extractor_pb2
from services.gateway.shapes.base import Answer, JsonObject
from services.gateway.shapes.features import ExtractorName, output_of

DESCRIPTIONS: Mapping[str, str] = {
    "image_extractor": "Embeds an image: one document and one vector for each",
}


class Extractor(Answer):
    """FeatureExtractorResponseModel."""

    feature_extractor_name: str
    version: str
    feature_extractor_id: str
    description: str
    icon: str
    input_schema: JsonObject
    output_schema: JsonObject
    parameter_schema: JsonObject | None = None
    supported_input_types: list[str]
    max_inputs: dict[str, int]
    default_parameters: JsonObject
    required_vector_indexes: list[JsonObject]
    required_payload_indexes: list[Any] | None = None


def to_extractors(models: Sequence[extractor_pb2.Model]) -> list[Extractor]:
    """One entry per extractor, described by its preferred model, which comes first."""
    preferred: dict[str, extractor_pb2.Model] = {}
    for model in models:
        preferred.setdefault(model.extractor, model)
    return [_extractor(model) for model in preferred.values()]


def _extractor(model: extractor_pb2.Model) -> Extractor:
    extractor = ExtractorName.parse(model.extractor)
    inputs = list(model.modalities)
    return Extractor(
        feature_extractor_name=extractor.name,
        version=extractor.version,
        feature_extractor_id=extractor.identifier,
        description=DESCRIPTIONS.get(extractor.name, extractor.name),
        icon=inputs[0] if inputs else "file",
        input_schema={"properties": {name: {"type": name} for name in inputs}},
        output_schema={"properties": {extractor.vector_field: {"type": "array"}}},
        supported_input_types=inputs,
        max_inputs=dict.fromkeys(inputs, 1),
        default_parameters={"extractor_type": extractor.name},
        required_vector_indexes=[_vector_index(extractor, model)],
    )


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
