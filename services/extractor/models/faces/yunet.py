"""YuNet, the embedded face detector: one pass, three grids of cells, each cell with a box, five points and a score."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from services.extractor.media.picture import Pixels
from services.extractor.models.faces.face import Face

STRIDES = (8, 16, 32)
OVERLAP = 0.3
MOST_CELLS = 5000
SMALLEST_FOUND = 12
SHORT, LONG = 640, 1280
COARSE, ONE_LOOK, LARGEST_FOUND = 320, 800, 400
Array = NDArray[np.float32]


class YuNet:
    """Finds faces of about 12 to 500 pixels, in pictures that are scaled to 640..1280 pixels for it.

    Where that leaves out large faces, the picture is looked at a second time, small.
    """

    name = "yunet_2023mar"

    def __init__(self, session: InferenceSession) -> None:
        self._session = session

    def find(self, pixels: Pixels, threshold: float, smallest: int) -> list[Face]:
        """As Detector says, best first."""
        longer = max(pixels.shape[:2])
        scale = detection_scale(longer, smallest)
        resized = _resized(pixels, scale)
        far = self._look(resized, scale, threshold)
        if longer * scale <= ONE_LOOK:
            return _distinct(far, threshold)
        near = self._look(_resized(resized, COARSE / (longer * scale)), COARSE / longer, threshold)
        return _distinct([*near, *(face for face in far if face.size * scale <= LARGEST_FOUND)], threshold)

    def _look(self, resized: Pixels, scale: float, threshold: float) -> list[Face]:
        """Every cell's face; neighbours find the same face."""
        found = self._candidates(_padded(resized), threshold)
        return [Face(box / scale, float(score), points / scale) for box, points, score in zip(*found, strict=True)]

    def _candidates(self, blob: Array, threshold: float) -> tuple[Array, Array, Array]:
        """Boxes (n, 4) as corners, points (n, 5, 2) and scores (n,) of the cells that reach the threshold."""
        names = [output.name for output in self._session.get_outputs()]
        found = dict(zip(names, self._session.run(names, {"input": blob}), strict=True))
        grids = [_decode(found, stride, blob.shape[3] // stride, threshold) for stride in STRIDES]
        boxes, points, scores = (np.concatenate(parts) for parts in zip(*grids, strict=True))
        return boxes, points, scores


def _distinct(faces: Sequence[Face], threshold: float) -> list[Face]:
    """Of faces that overlap the best, best first."""
    boxes = [(float(face.box[0]), float(face.box[1]), face.width, face.height) for face in faces]
    scores = [face.score for face in faces]
    kept = cv2.dnn.NMSBoxes(boxes, scores, threshold, OVERLAP, top_k=MOST_CELLS)
    return [faces[number] for number in np.asarray(kept, int).ravel()]


def detection_scale(longer: int, smallest: int) -> float:
    """So that the smallest face wanted can just be found, within what the detector needs and what it may cost."""
    wanted = np.clip(longer * SMALLEST_FOUND / smallest, SHORT, LONG)
    return min(1.0, float(wanted) / longer)


def _resized(pixels: Pixels, scale: float) -> Pixels:
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape[:2])
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _padded(pixels: Pixels) -> Array:
    """(1, 3, height, width) BGR float32, both sides filled up to a multiple of the largest stride."""
    height, width = (-(-side // STRIDES[-1]) * STRIDES[-1] for side in pixels.shape[:2])
    blob = np.zeros((1, 3, height, width), np.float32)
    blob[0, :, : pixels.shape[0], : pixels.shape[1]] = pixels.transpose(2, 0, 1)[::-1]
    return blob


def _decode(found: dict[str, Array], stride: int, columns: int, threshold: float) -> tuple[Array, Array, Array]:
    scores = np.sqrt(np.clip(found[f"cls_{stride}"][0, :, 0], 0, 1) * np.clip(found[f"obj_{stride}"][0, :, 0], 0, 1))
    cells = np.flatnonzero(scores >= threshold)
    origins = np.stack([cells % columns, cells // columns], axis=1).astype(np.float32)
    box = found[f"bbox_{stride}"][0, cells]
    centres, halves = (origins + box[:, :2]) * stride, np.exp(box[:, 2:]) * (stride / 2)
    points = (found[f"kps_{stride}"][0, cells].reshape(-1, 5, 2) + origins[:, None]) * stride
    return np.concatenate([centres - halves, centres + halves], axis=1), points, scores[cells]
