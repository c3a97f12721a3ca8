"""Turns and scales a face so that its eyes, nose and mouth lie where the recognisers expect them."""

import cv2
import numpy as np

from services.extractor.media.picture import Pixels
from services.extractor.models.faces.face import Points

SIDE = 112
# Where ArcFace and SFace want the landmarks in 112 x 112 pixels.
TEMPLATE: Points = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)


def align(pixels: Pixels, landmarks: Points) -> Pixels:
    """The face (112, 112, 3) out of a picture (height, width, 3)."""
    return cv2.warpAffine(pixels, similarity(landmarks), (SIDE, SIDE)).astype(np.uint8, copy=False)


def similarity(landmarks: Points) -> Points:
    """The turn, scale and shift (2, 3) that bring the landmarks nearest to the template, by least squares."""
    x, y = landmarks.astype(np.float64).T
    one, none = np.ones(len(x)), np.zeros(len(x))
    system = np.concatenate([np.stack([x, -y, one, none], axis=1), np.stack([y, x, none, one], axis=1)])
    (a, b, right, down), *_ = np.linalg.lstsq(system, TEMPLATE.T.ravel().astype(np.float64), rcond=None)
    return np.array([[a, -b, right], [b, a, down]], np.float32)
