"""A pack of insightface in the models folder serves the faces' slot, through insightface's own classes."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.common.errors import InternalError
from services.extractor.model_port import Model
from services.extractor.models.registry import load_models
from tests.support.extractor.run_model import extract
from tests.support.extractor.tiny_pack import DIMENSIONS, write_tiny_pack
from tests.support.media.pictures import png

MAX_PIXELS = 1_000_000
FACES = "face_identity_extractor@v1"


def faces_of(root: Path, *, strict: bool = False) -> list[Model]:
    """The face models that serve with `root` as the models folder, the preferred one first."""
    models = load_models(root, strict=strict, max_pixels=MAX_PIXELS)
    return [model for model in models if model.manifest.extractor == FACES]


def spot() -> bytes:
    """A dark picture with one bright square of 40 pixels in its middle."""
    pixels = np.zeros((640, 640, 3), np.uint8)
    pixels[300:340, 300:340] = 255
    return png(Image.fromarray(pixels))


def test_the_pack_is_the_named_model_and_comes_before_the_stand_in(tmp_path: Path) -> None:
    write_tiny_pack(tmp_path, only=["det_10g", "genderage", "w600k_r50"])
    manifests = [model.manifest for model in faces_of(tmp_path)]
    assert [(each.model, each.is_named_model) for each in manifests] == [("buffalo_l", True), ("yunet_sface", False)]
    assert manifests[0].dimensions == DIMENSIONS
    assert [each.label_threshold for each in manifests] == [0.40, 0.45]
    assert manifests[0].files.keys() == {"det_10g.onnx", "w600k_r50.onnx"}
    assert [model.manifest.model for model in faces_of(tmp_path, strict=True)] == ["buffalo_l"]


def test_it_finds_and_embeds_what_its_networks_find(tmp_path: Path) -> None:
    write_tiny_pack(tmp_path)
    model = faces_of(tmp_path)[0]
    parts = extract(model, spot(), min_face_size=10)
    assert parts
    for part in parts:
        assert part.embedding.shape == (DIMENSIONS,)
        assert np.isclose(np.linalg.norm(part.embedding), 1.0, atol=1e-5)
        box = part.fields["bbox"]
        assert isinstance(box, dict)
        assert box["x1"] < 340
        assert box["x2"] > 300
        assert part.fields["detection_model"] == "scrfd_10g"
        assert part.fields["embedding_model"] == "arcface_w600k_r50"
    assert extract(model, png(Image.new("RGB", (200, 100)))) == []


def test_half_a_pack_is_passed_over(tmp_path: Path) -> None:
    write_tiny_pack(tmp_path, only=["w600k_r50"])
    assert [model.manifest.model for model in faces_of(tmp_path)] == ["yunet_sface"]


def test_a_damaged_pack_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_pack(tmp_path)
    (folder / "det_10g.onnx").write_bytes(b"not a network")
    with pytest.raises(InternalError, match=r"buffalo_l refused: it is no model pack"):
        faces_of(tmp_path)


def test_without_insightface_a_pack_is_refused_with_the_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_pack(tmp_path)
    monkeypatch.setitem(sys.modules, "insightface.model_zoo", None)
    with pytest.raises(InternalError, match=r"pip install likeness\[faces\]"):
        faces_of(tmp_path)


def test_without_a_pack_insightface_is_not_even_imported() -> None:
    code = (
        "import sys; from services.extractor.models.registry import load_models; "
        "load_models(None, strict=False, max_pixels=1000); sys.exit('insightface' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
