"""What is told of a face: the contract's fields, its rank, and the files made of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from services.common.extractors.parameters import FaceParameters
from services.extractor.media.picture import Picture, Pixels
from services.extractor.model_port import Artifact, Fields, FieldValue
from services.extractor.models.faces.face import Face
from services.extractor.models.faces.quality import quality_components, quality_score

CROP_FIELD, FRAME_FIELD = "aligned_face_crop", "source_frame_thumbnail"
JPEG = "image/jpeg"
CROP_QUALITY, FRAME_QUALITY = 92, 80
FRAME_SIDE = 480
DECIMALS = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """A face of a picture with its aligned crop (112, 112, 3) and its quality; the largest face has index 0."""

    index: int
    face: Face
    crop: Pixels
    components: Mapping[str, float]

    @property
    def quality(self) -> float:
        """0..1."""
        return quality_score(self.components)


def finding(index: int, face: Face, crop: Pixels) -> Finding:
    """Judges a face."""
    return Finding(index, face, crop, quality_components(face, crop))


def fields_of(found: Finding, picture: Picture, parameters: FaceParameters) -> Fields:
    """The document's fields, but for the names of the models."""
    fields: dict[str, FieldValue] = {"face_index": found.index, **picture.fields}
    if parameters.store_detection_metadata:
        fields |= metadata_of(found.face)
    if parameters.enable_quality_scoring:
        fields |= {"quality_score": found.quality, "quality_components": dict(found.components)}
    return fields


def metadata_of(face: Face) -> dict[str, FieldValue]:
    """Where it is, in pixels of the picture, and how sure the detector is."""
    x1, y1, x2, y2 = (round(float(side), DECIMALS) for side in face.box)
    return {
        "bbox": {
            "x1": x1,
            "y1": y1,
            "x2": x2,
            "y2": y2,
            "width": round(face.width, DECIMALS),
            "height": round(face.height, DECIMALS),
        },
        "detection_score": round(face.score, 4),
        "landmarks": [[round(float(x), DECIMALS), round(float(y), DECIMALS)] for x, y in face.landmarks],
    }


def summary(findings: Sequence[Finding], parameters: FaceParameters) -> Fields:
    """All faces of a picture, for the one document that stands for it."""
    bare = Picture(np.empty((0, 0, 3), np.uint8))
    faces = [fields_of(each, bare, parameters) for each in findings]
    return {"face_count": len(faces), "faces": faces}


def crop_artifact(found: Finding) -> Artifact:
    """The aligned face as a JPEG."""
    return Artifact(CROP_FIELD, JPEG, _jpeg(found.crop, CROP_QUALITY))


def frame_artifact(pixels: Pixels) -> Artifact:
    """The picture that a face is from, small, as a JPEG."""
    scale = min(1.0, FRAME_SIDE / max(pixels.shape[:2]))
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    small = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
    return Artifact(FRAME_FIELD, JPEG, _jpeg(small.astype(np.uint8, copy=False), FRAME_QUALITY))


def _jpeg(pixels: Pixels, quality: int) -> bytes:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    return cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
