"""A model's manifest: all that is to be known of a network file in order to serve it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

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


class Manifest(Frozen):
    """What every model says of itself. `feature_uri` is the slot that it fills, `file` the network that embeds.

    `companions` are the other files that it needs, such as a detector or a tokenizer: name -> sha256.
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


class ImageManifest(Manifest):
    """One network from pixels to a vector; `centre` is already part of the file, for the record."""

    family: Literal["image_onnx"] = "image_onnx"
    input: ImageInput
    centre: tuple[float, ...] = ()


def read_manifest(folder: Path) -> ImageManifest:
    """The manifest of the image model that lies in `folder`. Raises ValidationError when it is not one."""
    return ImageManifest.model_validate_json((folder / MANIFEST).read_bytes())
