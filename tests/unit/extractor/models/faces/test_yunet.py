"""Our decoding of YuNet's grids and our alignment agree with OpenCV's own classes on the same networks."""

from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
from PIL import Image

from services.extractor.models.faces.alignment import align
from services.extractor.models.faces.yunet import YuNet, detection_scale
from services.extractor.models.onnx_session import open_session
from services.extractor.models.registry import PACKAGED
from tests.support.media.pictures import portrait, side_by_side

FILES = PACKAGED / "yunet_sface"


@pytest.fixture(scope="module")
def crowd() -> Image.Image:
    """Three faces in 640 pixels, so that neither side scales it."""
    names = ("obama/obama.jpg", "biden/biden.jpg", "collins/astronaut.png")
    picture = side_by_side([portrait(name, 300) for name in names])
    picture.thumbnail((640, 640))
    return picture


def test_the_same_faces_are_found_as_opencv_finds(crowd: Image.Image, tmp_path: Path) -> None:
    network = onnx.load(FILES / "yunet.onnx")
    for dimension, size in zip(network.graph.input[0].type.tensor_type.shape.dim, (1, 3, 640, 640), strict=True):
        dimension.dim_value = size
    onnx.save(network, tmp_path / "fixed.onnx")
    theirs = cv2.FaceDetectorYN.create(str(tmp_path / "fixed.onnx"), "", crowd.size, 0.5, 0.3, 1000)
    rows = theirs.detect(np.ascontiguousarray(np.asarray(crowd)[:, :, ::-1]))[1]
    faces = YuNet(open_session(FILES / "yunet.onnx")).find(np.asarray(crowd), 0.5, 20)
    assert len(faces) == len(rows) == 3
    for face, row in zip(faces, sorted(rows, key=lambda row: -row[14]), strict=True):
        assert np.allclose([face.box[0], face.box[1], face.width, face.height], row[:4], atol=0.01)
        assert np.allclose(face.landmarks.ravel(), row[4:14], atol=0.01)
        assert np.isclose(face.score, row[14], atol=1e-4)


def test_faces_are_aligned_as_opencv_aligns_them(crowd: Image.Image) -> None:
    theirs = cv2.FaceRecognizerSF.create(str(FILES / "sface.onnx"), "")
    pixels = np.asarray(crowd)
    for face in YuNet(open_session(FILES / "yunet.onnx")).find(pixels, 0.5, 20):
        row = np.array([[*face.box[:2], face.width, face.height, *face.landmarks.ravel(), face.score]], np.float32)
        expected = np.asarray(theirs.alignCrop(pixels, row[0]))
        assert np.abs(align(pixels, face.landmarks).astype(int) - expected).mean() < 1.0


@pytest.mark.parametrize(
    ("longer", "smallest", "scaled"), [(300, 20, 300), (1280, 20, 768), (4000, 20, 1280), (4000, 200, 640)]
)
def test_pictures_are_scaled_by_the_smallest_face_wanted(longer: int, smallest: int, scaled: int) -> None:
    assert round(longer * detection_scale(longer, smallest)) == scaled
