"""Opens the embedded pair of face networks, or another of the same form."""

from pathlib import Path

from services.extractor.model_port import Model
from services.extractor.models.faces.face_manifest import FaceManifest
from services.extractor.models.faces.face_model import FaceModel
from services.extractor.models.faces.sface import SFace
from services.extractor.models.faces.yunet import YuNet
from services.extractor.models.onnx_session import open_session


def open_face_model(folder: Path, manifest: FaceManifest, max_pixels: int) -> Model:
    """The model whose files lie in `folder`."""
    recogniser = SFace(manifest, open_session(folder / manifest.file, unpacks=True))
    return FaceModel(manifest, YuNet(open_session(folder / manifest.detector)), recogniser, max_pixels)
