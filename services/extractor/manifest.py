"""A model's manifest: all that is to be known of a network file in order to serve it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from services.common.extractors.parameters import EmbeddingTask

MANIFEST = "manifest.json"
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
Sha256 = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class Frozen(BaseModel):
    """Unknown fields are refused: a misspelt one would be ignored silently."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ImageInput(Frozen):
    """How a picture becomes the network's input: (value - mean) / std per channel, RGB values 0..255, NCHW float32."""

    name: str = "pixels"
    width: int = Field(gt=0)
    height: int = Field(gt=0)
    resize: Literal["squash"] = "squash"
    filter: Literal["bicubic_antialias"] = "bicubic_antialias"
    scale: Literal["0..255"] = "0..255"
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class TextInput(Frozen):
    """How words become a network's input; it is fed those of input_ids, attention_mask and token_type_ids it has.

    `full` pads to `max_tokens`, as a network without a mask wants it. `pooling` is "none" where the network pools.
    """

    tokenizer: FileName = "tokenizer.json"
    max_tokens: int = Field(gt=2)
    padding: Literal["longest", "full"] = "longest"
    pad_id: int = Field(default=0, ge=0)
    pooling: Literal["mean", "cls", "none"]
    cleaning: Literal["none", "canonical"] = "none"


class Manifest(Frozen):
    """What every model says of itself. `feature_uri` is the slot that it fills, `file` the network that embeds.

    `companions` are the other files that it needs, such as a detector or a tokenizer: name -> sha256.
    `same_from` is the cosine from which two parts are looks at one and the same thing, such as one face.
    `label_threshold` is the likeness that a label takes where nobody says, on the scale of this model.
    """

    family: str
    model: str = Field(pattern=r"^[a-z0-9_]+$")
    extractor: str = Field(pattern=r"^[a-z0-9_]+@v\d+$")
    feature_uri: str
    file: FileName = "model.onnx"
    sha256: Sha256 = ""
    companions: Mapping[FileName, Sha256] = Field(default_factory=dict)
    output: str = "embedding"
    dimensions: int = Field(gt=0)
    modalities: tuple[str, ...] = ("image",)
    same_from: float = Field(default=0.9, gt=0.0, le=1.0)
    label_threshold: float = Field(default=0.30, ge=0.0, le=1.0)
    licence: str
    source: str

    @model_validator(mode="after")
    def _slot_belongs_to_extractor(self) -> Self:
        if not self.feature_uri.startswith(f"mixpeek://{self.extractor}/"):
            raise ValueError(f"feature_uri '{self.feature_uri}' must start with 'mixpeek://{self.extractor}/'")
        return self

    @property
    def is_named_model(self) -> bool:
        """Whether this is the model that its slot is named after, and not a stand-in."""
        return self.feature_uri.rpartition("/")[2] == self.model

    @property
    def files(self) -> Mapping[str, str]:
        """Every file of the model and its sha256."""
        return {self.file: self.sha256, **self.companions}


class TextTower(Frozen):
    """The half of an image model that embeds words in the same space."""

    file: FileName = "text.onnx"
    input: TextInput
    output: str = "embedding"


class ImageManifest(Manifest):
    """One network from pixels to a vector; `centre` is already part of the file, for the record."""

    family: Literal["image_onnx"] = "image_onnx"
    input: ImageInput
    text: TextTower | None = None
    centre: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _words_need_a_tower(self) -> Self:
        needed = {self.text.file, self.text.input.tokenizer} if self.text else set()
        if not needed <= set(self.companions) or ("text" in self.modalities) != (self.text is not None):
            raise ValueError("modality 'text', field 'text' and companions (its network and tokenizer) go together")
        return self


class TextManifest(Manifest):
    """One network from words to a vector; `prefixes` lead what is embedded for a task, where the model wants that."""

    family: Literal["text_onnx"] = "text_onnx"
    input: TextInput
    modalities: tuple[str, ...] = ("text",)
    prefixes: Mapping[EmbeddingTask, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _tokenizer_is_checked(self) -> Self:
        if self.input.tokenizer not in self.companions:
            raise ValueError(f"companions must hold the sha256 of '{self.input.tokenizer}'")
        return self


def read_manifest(folder: Path) -> ImageManifest:
    """The manifest of the image model that lies in `folder`. Raises ValidationError when it is not one."""
    return ImageManifest.model_validate_json((folder / MANIFEST).read_bytes())
