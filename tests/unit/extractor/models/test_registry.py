"""Models are found, checked against their manifests and refused when they differ."""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from services.common.errors import InternalError
from services.extractor.manifest import MANIFEST, read_manifest
from services.extractor.model_port import Model, Source
from services.extractor.models import registry
from tests.support.extractor.tiny_siglip import FILE, SIDE, WIDTH, write_tiny_siglip
from tests.support.places import PHOTOS

PHOTO = PHOTOS / "bird/duck.jpg"
LIMIT = 1_000_000
IMAGE_EXTRACTOR = "image_extractor@v1"


def load(root: Path | None, *, strict: bool = False) -> tuple[Model, ...]:
    """What would serve image_extractor with `root` as the models folder."""
    models = registry.load_models(root, strict=strict, max_pixels=LIMIT)
    return tuple(model for model in models if model.manifest.extractor == IMAGE_EXTRACTOR)


def refusal(root: Path) -> str:
    """The message with which the models of `root` are refused."""
    with pytest.raises(InternalError) as caught:
        load(root)
    assert caught.value.reason == "MODEL_REFUSED"
    return caught.value.message


def test_the_packaged_model_serves_alone_without_a_models_folder() -> None:
    (model,) = load(None)
    assert (model.manifest.model, model.manifest.dimensions) == ("efficientnet_lite2", 1280)
    assert not model.manifest.is_named_model
    assert model.providers == ("CPUExecutionProvider",)


def test_the_named_model_of_the_models_folder_comes_before_the_stand_in(tmp_path: Path) -> None:
    write_tiny_siglip(tmp_path)
    assert [each.manifest.model for each in load(tmp_path)] == ["google_siglip_base_v1", "efficientnet_lite2"]


def test_strict_serves_the_named_model_only(tmp_path: Path) -> None:
    assert load(tmp_path, strict=True) == ()
    write_tiny_siglip(tmp_path)
    assert [each.manifest.model for each in load(tmp_path, strict=True)] == ["google_siglip_base_v1"]


def test_a_model_of_siglips_form_embeds_a_photo_in_any_batch(tmp_path: Path) -> None:
    write_tiny_siglip(tmp_path)
    (model,) = load(tmp_path, strict=True)
    (prepared,) = model.pre(Source(content=PHOTO.read_bytes()))
    assert prepared.rows.shape == (1, 3, SIDE, SIDE)
    alone = model.core(prepared.rows)
    batch = model.core(np.concatenate([prepared.rows, np.zeros_like(prepared.rows), prepared.rows]))
    assert batch.shape == (3, WIDTH)
    assert np.allclose(batch[[0, 2]], alone, atol=1e-6)
    (part,) = model.post(alone, prepared)
    assert np.isclose(np.linalg.norm(part.embedding), 1.0, atol=1e-5)


def test_pixels_are_normalised_as_the_manifest_says(tmp_path: Path) -> None:
    write_tiny_siglip(tmp_path)
    (model,) = load(tmp_path, strict=True)
    rows = next(iter(model.pre(Source(content=PHOTO.read_bytes())))).rows
    assert rows.dtype == np.float32
    assert -1.0 <= rows.min() < -0.5
    assert 0.5 < rows.max() <= 1.0


def test_another_file_under_the_same_manifest_is_refused(tmp_path: Path) -> None:
    folder = write_tiny_siglip(tmp_path)
    content = bytearray((folder / FILE).read_bytes())
    content[-5] ^= 1
    (folder / FILE).write_bytes(content)
    assert "sha256" in refusal(tmp_path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    (write_tiny_siglip(tmp_path) / FILE).unlink()
    assert "model.onnx is missing" in refusal(tmp_path)


def test_a_manifest_that_is_not_one_is_refused(tmp_path: Path) -> None:
    (write_tiny_siglip(tmp_path) / MANIFEST).write_text("{}")
    assert "manifest.json is not valid" in refusal(tmp_path)


@pytest.mark.parametrize("fields", [{"dimensions": 9}, {"output": "logits"}])
def test_a_network_that_does_not_run_as_promised_is_refused(tmp_path: Path, fields: dict[str, Any]) -> None:
    write_tiny_siglip(tmp_path, **fields)
    assert "does not run as its manifest.json says" in refusal(tmp_path)


def test_two_models_of_one_name_are_refused(tmp_path: Path) -> None:
    write_tiny_siglip(tmp_path, "efficientnet_lite2")
    assert "same name 'efficientnet_lite2'" in refusal(tmp_path)


def test_folders_without_a_manifest_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "buffalo_l").mkdir()
    (tmp_path / "notes.txt").write_text("hello")
    assert load(tmp_path, strict=True) == ()


def test_the_packaged_network_takes_any_batch_and_gives_unit_vectors() -> None:
    (model,) = load(None)
    rows = next(iter(model.pre(Source(content=PHOTO.read_bytes())))).rows
    embeddings = model.core(np.concatenate([rows] * 3))
    assert embeddings.shape == (3, 1280)
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-5)


def test_the_packaged_centre_is_the_one_in_the_network() -> None:
    (model,) = load(None)
    manifest = read_manifest(registry.PACKAGED / model.manifest.model)
    file = registry.PACKAGED / manifest.model / manifest.file
    assert len(manifest.centre) == 1280
    assert np.array(manifest.centre, np.float32).tobytes() in file.read_bytes()
    assert onnxruntime.InferenceSession(str(file)).get_inputs()[0].shape == ["batch", 3, 260, 260]
