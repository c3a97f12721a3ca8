"""A model's manifest: all that is to be known of a network file in order to serve it."""

from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

MANIFEST = "manifest.json"


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
    """One network. `feature_uri` is the slot that it fills; `centre` is already part of the file, for the record."""

    family: Literal["image_onnx"] = "image_onnx"
    model: str = Field(pattern=r"^[a-z0-9_]+$")
    extractor: str = Field(pattern=r"^[a-z0-9_]+@v\d+$")
    feature_uri: str
    file: str = Field(default="model.onnx", pattern=r"^\w[\w.-]*$")
    sha256: str = Field(default="", pattern=r"^([0-9a-f]{64})?$")
    input: ImageInput
    output: str = "embedding"
    dimensions: int = Field(gt=0)
    modalities: tuple[str, ...] = ("image",)
    licence: str
    source: str
    centre: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _slot_belongs_to_extractor(self) -> Self:
        if not self.feature_uri.startswith(f"mixpeek://{self.extractor}/"):
            raise ValueError(f"feature_uri '{self.feature_uri}' must start with 'mixpeek://{self.extractor}/'")
        return self

    @property
    def is_named_model(self) -> bool:
        """Whether this is the model that its slot is named after, and not a stand-in."""
        return self.feature_uri.rpartition("/")[2] == self.model


def read_manifest(folder: Path) -> Manifest:
    """The manifest of the model that lies in `folder`. Raises ValidationError when it is not one."""
    return Manifest.model_validate_json((folder / MANIFEST).read_bytes())
