"""The kinds of models there are: how the manifest of each is read, and how the model is opened."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from services.extractor.manifest import ImageManifest, Manifest, TextManifest
from services.extractor.model_port import Model
from services.extractor.models.faces.face_manifest import FaceManifest
from services.extractor.models.faces.face_model import FaceModel
from services.extractor.models.faces.insightface_packs import PackManifest, open_pack
from services.extractor.models.faces.sface import SFace
from services.extractor.models.faces.yunet import YuNet
from services.extractor.models.image_onnx import open_image_model
from services.extractor.models.onnx_session import open_session
from services.extractor.models.text_onnx import open_text_model

M = TypeVar("M", bound=Manifest)


def open_face_model(folder: Path, manifest: FaceManifest, max_pixels: int) -> Model:
    """The model whose files lie in `folder`."""
    recogniser = SFace(manifest, open_session(folder / manifest.file, unpacks=True))
    return FaceModel(manifest, YuNet(open_session(folder / manifest.detector)), recogniser, max_pixels)


@dataclass(frozen=True, slots=True)
class Family(Generic[M]):
    """`open(folder, manifest, max_pixels)` raises anything when the files are not what the manifest says."""

    manifest: type[M]
    open: Callable[[Path, M, int], Model]


FAMILIES: Mapping[str, Family[Any]] = {
    "image_onnx": Family(ImageManifest, open_image_model),
    "face_onnx": Family(FaceManifest, open_face_model),
    "insightface": Family(PackManifest, open_pack),
    "text_onnx": Family(TextManifest, open_text_model),
}
