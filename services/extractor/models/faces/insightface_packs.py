"""Model packs of insightface, such as buffalo_l: a folder of ONNX files without a manifest of ours.

The package `insightface` is an extra (`pip install likeness[faces]`) and takes a second to import, so it is imported
only when there is a pack.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from services.extractor.manifest import MANIFEST, Manifest
from services.extractor.media.picture import Pixels
from services.extractor.model_port import Model
from services.extractor.models.faces.face import Face
from services.extractor.models.faces.face_manifest import EXTRACTOR, MODALITIES, SAME_FACE, SLOT
from services.extractor.models.faces.face_model import FaceModel
from services.extractor.models.onnx_session import preferred_providers, session_options

LICENCE = "insightface: its published packs are for non-commercial research only, see the pack"
# The package's own: its comparisons of faces take 0.40 or 0.45 (insightface 2.1). The packs could not be measured here.
LABEL_THRESHOLD = 0.40
DETECTION, RECOGNITION = "detection", "recognition"
INPUT_SIZE = (640, 640)


class PackManifest(Manifest):
    """What a pack would say of itself. Any pack is SCRFD with ArcFace, which the slot is named after."""

    family: Literal["insightface"] = "insightface"
    same_from: float = SAME_FACE
    label_threshold: float = LABEL_THRESHOLD
    detector: str

    @property
    def is_named_model(self) -> bool:
        """Always."""
        return True


def find_packs(root: Path) -> Iterator[Path]:
    """The folders of ONNX files that have no manifest."""
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        if not (folder / MANIFEST).exists() and any(folder.glob("*.onnx")):
            yield folder


def describe_pack(folder: Path) -> PackManifest | None:
    """The manifest that the pack needs none for; None when it holds no pair of detector and recogniser.

    Raises ImportError without insightface, ValidationError when the folder has a name that no model can have.
    """
    opened = map(_open, sorted(folder.glob("*.onnx")))
    models = {getattr(model, "taskname", ""): model for model in opened if model is not None}
    if not {DETECTION, RECOGNITION} <= models.keys():
        return None
    detector, recogniser = (Path(models[task].model_file) for task in (DETECTION, RECOGNITION))
    return PackManifest(
        model=folder.name.lower(),
        extractor=EXTRACTOR,
        feature_uri=SLOT,
        file=recogniser.name,
        sha256=_digest(recogniser),
        companions={detector.name: _digest(detector)},
        detector=detector.name,
        output=models[RECOGNITION].output_names[0],
        dimensions=len(ArcFace(models[RECOGNITION]).embed(np.zeros((1, 112, 112, 3), np.uint8))[0]),
        modalities=MODALITIES,
        licence=LICENCE,
        source=f"the model pack '{folder.name}' of insightface",
    )


def open_pack(folder: Path, manifest: PackManifest, max_pixels: int) -> Model:
    """The model whose files lie in `folder`."""
    detector, recogniser = Scrfd(_open(folder / manifest.detector)), ArcFace(_open(folder / manifest.file))
    return FaceModel(manifest, detector, recogniser, max_pixels)


class Scrfd:
    """insightface's detector."""

    def __init__(self, model: Any) -> None:
        self.name = Path(model.model_file).stem.replace("det_", "scrfd_")
        self._model = model

    def find(self, pixels: Pixels, threshold: float, smallest: int) -> list[Face]:
        """As Detector says, best first."""
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        rows, points = self._model.detect(bgr, input_size=INPUT_SIZE, det_thresh=threshold)
        return [Face(row[:4], float(row[4]), five) for row, five in zip(rows, points, strict=True)]


class ArcFace:
    """insightface's recogniser."""

    def __init__(self, model: Any) -> None:
        self.name = f"arcface_{Path(model.model_file).stem}"
        self._model = model

    @property
    def providers(self) -> tuple[str, ...]:
        """Asked of the session."""
        return tuple(self._model.session.get_providers())

    def embed(self, crops: NDArray[np.generic]) -> NDArray[np.float32]:
        """As Recogniser says; one by one where the network was made for one."""
        bgr = [np.ascontiguousarray(crop[:, :, ::-1]) for crop in crops]
        whole = [bgr] if isinstance(self._model.input_shape[0], str | None) else [[crop] for crop in bgr]
        return np.concatenate([self._model.get_feat(part) for part in whole]).astype(np.float32, copy=False)


def _open(file: Path) -> Any:
    """The model as insightface takes it by the shapes of its inputs and outputs, None when it knows no such model."""
    from insightface.model_zoo import get_model

    return get_model(str(file), providers=preferred_providers(), sess_options=session_options())


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
