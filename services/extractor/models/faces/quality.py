"""How much a face is worth for telling people apart: sharp, large, turned to the camera, surely a face. All 0..1."""

from collections.abc import Mapping

import cv2
import numpy as np

from services.extractor.media.picture import Pixels
from services.extractor.models.faces.alignment import SIDE
from services.extractor.models.faces.face import Face, Points

HALF_SHARP = 60.0
LEAST = 1e-3
DECIMALS = 4


def quality_components(face: Face, crop: Pixels) -> Mapping[str, float]:
    """Of a face and its aligned crop (112, 112, 3)."""
    components = {
        "sharpness": sharpness(crop),
        "size": min(1.0, face.size / SIDE),
        "frontality": frontality(face.landmarks),
        "detection": face.score,
    }
    return {name: round(float(value), DECIMALS) for name, value in components.items()}


def quality_score(components: Mapping[str, float]) -> float:
    """Their geometric mean: one bad component spoils the face."""
    values = np.clip(np.array(list(components.values())), LEAST, 1.0)
    return round(float(np.exp(np.log(values).mean())), DECIMALS)


def sharpness(crop: Pixels) -> float:
    """One half where the Laplacian's variance is 60, as in a face that is slightly blurred."""
    variance = float(cv2.Laplacian(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY), cv2.CV_64F).var())
    return variance / (variance + HALF_SHARP)


def frontality(landmarks: Points) -> float:
    """One when the nose lies midway between the eyes, zero when it lies as far out as one of them."""
    left, right, nose = landmarks[0], landmarks[1], landmarks[2]
    axis = right - left
    length = float(axis @ axis)
    if length == 0.0:
        return 0.0
    place = float((nose - left) @ axis) / length
    return float(np.clip(1.0 - 2.0 * abs(place - 0.5), 0.0, 1.0))
