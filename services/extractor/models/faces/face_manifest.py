"""The manifest of a pair of networks, one that finds faces and one that recognises them."""

from typing import Literal

from services.extractor.manifest import FileName, Manifest

EXTRACTOR = "face_identity_extractor@v1"
SLOT = f"mixpeek://{EXTRACTOR}/insightface__arcface"
MODALITIES = ("image", "video", "pdf")
# A face in an edited picture (a quarter of the size, half the light, grey, blurred by JPEG) scored 0.54 at least with
# itself, and two people 0.25 at most.
SAME_FACE = 0.45


class FaceManifest(Manifest):
    """`file` recognises: RGB 0..255 (n, 3, 112, 112) float32 -> `output` (n, dimensions). `detector` is a companion."""

    family: Literal["face_onnx"] = "face_onnx"
    extractor: str = EXTRACTOR
    feature_uri: str = SLOT
    modalities: tuple[str, ...] = MODALITIES
    same_from: float = SAME_FACE
    input: str
    detector: FileName
