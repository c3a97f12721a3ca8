import pytest

from services.common.errors import InvalidArgumentError
from services.common.extractors.parameters import (
    PARAMETERS,
    FaceParameters,
    PassthroughParameters,
    TextParameters,
    read_parameters,
)


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_every_extractor_works_without_a_parameter(name: str) -> None:
    assert read_parameters(PARAMETERS[name], {}).extractor_type == name


def test_what_is_given_replaces_the_default_and_null_does_not() -> None:
    read = read_parameters(FaceParameters, {"min_face_size": 40, "output_mode": None, "of_tomorrow": 1})
    assert (read.min_face_size, read.output_mode, read.video_sampling_fps) == (40, "per_face", 1.0)


@pytest.mark.parametrize(
    ("kind", "raw", "name"),
    [
        (FaceParameters, {"min_face_size": 5}, "min_face_size"),
        (FaceParameters, {"min_face_size": 10**400}, "min_face_size"),
        (FaceParameters, {"detection_threshold": float("nan")}, "detection_threshold"),
        (FaceParameters, {"detection_model": "yolo"}, "detection_model"),
        (FaceParameters, {"normalize_embeddings": False}, "normalize_embeddings"),
        (TextParameters, {"split_by": ["words"]}, "split_by"),
        (TextParameters, {"source_type": "youtube"}, "source_type"),
        (TextParameters, {"llm_provider": "openai"}, "llm_provider"),
        (TextParameters, {"extractor_type": "image_extractor"}, "extractor_type"),
        (PassthroughParameters, {"vector_fields": [{"field": "v"}]}, "vector_fields"),
    ],
)
def test_a_wrong_parameter_is_named(
    kind: type[FaceParameters] | type[TextParameters] | type[PassthroughParameters], raw: dict[str, object], name: str
) -> None:
    with pytest.raises(InvalidArgumentError) as refused:
        read_parameters(kind, raw)
    assert refused.value.details["path"] == f"body.feature_extractor.parameters.{name}"


def test_an_overlap_as_large_as_the_chunk_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="chunk_overlap must be smaller"):
        read_parameters(TextParameters, {"chunk_size": 5, "chunk_overlap": 5})
