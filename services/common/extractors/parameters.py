"""What a collection may ask of its extractor: names, types, bounds and defaults, the same in every service.

What only a hosted service can do (language models, YouTube, vectors of one's own) is refused, not ignored.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator

from services.common.errors import InvalidArgumentError
from services.common.validation.unknown_keys import REQUEST, in_request, known_only, reason_of

PATH = "body.feature_extractor.parameters"
P = TypeVar("P", bound="ExtractorParameters")
Share = Annotated[float, Field(ge=0, le=1)]
Refused = Annotated[None, Field(description="Not served here; leave it out")]
SplitBy = Literal["none", "characters", "words", "sentences", "paragraphs", "pages", "markdown"]
EmbeddingTask = Literal["retrieval_document", "retrieval_query", "semantic_similarity", "classification", "clustering"]
TextModel = Literal["multilingual_e5_large_instruct_v1", "all_minilm_l6_v2_v1"]


class ExtractorParameters(BaseModel):
    """Base of all: a null means the default. Unknown names are refused in a request, and forgiven in what is stored."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)

    extractor_type: str = ""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: Any, info: ValidationInfo) -> Any:
        if not isinstance(raw, Mapping):
            return raw
        if in_request(info):
            known_only(cls, raw, {})
        return {name: value for name, value in raw.items() if value is not None}


class ImageParameters(ExtractorParameters):
    """image_extractor."""

    extractor_type: Literal["image_extractor"] = "image_extractor"
    enable_thumbnails: bool = True
    use_cdn: bool = False


class FaceParameters(ExtractorParameters):
    """face_identity_extractor. Sizes in pixels, lengths in seconds, thresholds as shares of one."""

    extractor_type: Literal["face_identity_extractor"] = "face_identity_extractor"
    detection_model: Literal["scrfd_500m", "scrfd_2.5g", "scrfd_10g"] = "scrfd_2.5g"
    min_face_size: int = Field(default=20, ge=10, le=200)
    detection_threshold: Share = 0.5
    max_faces_per_image: int | None = Field(default=None, ge=1)
    normalize_embeddings: Literal[True] = True
    enable_quality_scoring: bool = True
    quality_threshold: Share | None = None
    max_video_length: int = Field(default=60, ge=1, le=300)
    video_sampling_fps: float = Field(default=1.0, ge=0.1, le=60)
    video_deduplication: bool = True
    video_deduplication_threshold: Share = 0.8
    output_mode: Literal["per_face", "per_image"] = "per_face"
    include_face_crops: bool = True
    include_source_frame_thumbnail: bool = False
    store_detection_metadata: bool = True


class TextParameters(ExtractorParameters):
    """text_extractor. `chunk_size` and `chunk_overlap` count in the unit of `split_by`."""

    extractor_type: Literal["text_extractor"] = "text_extractor"
    source_type: Literal["text"] = "text"
    split_by: SplitBy = "none"
    chunk_size: int = Field(default=1000, ge=1, le=10_000)
    chunk_overlap: int = Field(default=0, ge=0, le=5000)
    segment_length_seconds: int = Field(default=120, ge=30, le=600)
    language: str = "en"
    extract_captions: bool = True
    response_shape: Refused = None
    llm_provider: Refused = None
    llm_model: Refused = None
    llm_api_key: Refused = None
    embedding_model: TextModel | None = None
    embedding_task: EmbeddingTask = "retrieval_document"

    @model_validator(mode="after")
    def _overlap_within_chunk(self) -> "TextParameters":
        if self.chunk_overlap >= self.chunk_size:
            message = "chunk_overlap must be smaller than chunk_size"
            raise ValueError(message)
        return self


class PassthroughParameters(ExtractorParameters):
    """passthrough_extractor."""

    extractor_type: Literal["passthrough_extractor"] = "passthrough_extractor"
    preserve_metadata: bool = True
    vector_fields: Refused = None
    row_format: Refused = None


PARAMETERS: Mapping[str, type[ExtractorParameters]] = {
    "image_extractor": ImageParameters,
    "face_identity_extractor": FaceParameters,
    "text_extractor": TextParameters,
    "passthrough_extractor": PassthroughParameters,
}


def read_parameters(kind: type[P], raw: Mapping[str, Any], path: str = PATH, *, stored: bool = True) -> P:
    """The parameters with every default in place; InvalidArgumentError names `<path>.<name>`."""
    try:
        return kind.model_validate(raw, context=None if stored else REQUEST)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join([path, *(str(part) for part in fault["loc"])])
        said = fault["msg"].removesuffix(".")
        raise InvalidArgumentError(f"{where}: {said}.", reason=reason_of(fault["type"]), path=where) from error
