"""The manifest of a pair of networks, one that finds faces and one that recognises them."""

from typing import Literal

from services.extractor.models.manifest import FileName, Manifest

EXTRACTOR = "face_identity_extractor@v1"
SLOT = f"mixpeek://{EXTRACTOR}/insightface__arcface"
MODALITIES = ("image", "video", "pdf")


class FaceManifest(Manifest):
    """`file` recognises: RGB 0..255 (n, 3, 112, 112) float32 -> `output` (n, dimensions). `detector` is a companion."""

    family: Literal["face_onnx"] = "face_onnx"
    extractor: str = EXTRACTOR
    feature_uri: str = SLOT
    modalities: tuple[str, ...] = MODALITIES
    input: str
    detector: FileName
