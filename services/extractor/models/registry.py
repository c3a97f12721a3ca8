"""Finds the models, those in the package and those in the models folder, and loads what their manifests promise."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import structlog
from pydantic import ValidationError

from services.common.errors import InternalError
from services.extractor.domain import preferred_first
from services.extractor.models.image_onnx import OnnxImageModel
from services.extractor.models.manifest import MANIFEST, Manifest, read_manifest
from services.extractor.models.port import Model
from services.extractor.models.session import open_session

PACKAGED = Path(__file__).parent / "data"
log = structlog.get_logger()


def load_models(models_dir: Path | None, *, strict: bool, max_pixels: int) -> tuple[Model, ...]:
    """Every model that can serve, warmed, the preferred one of each slot first; `strict` leaves out the stand-ins.

    Raises InternalError with reason MODEL_REFUSED when a file is not what its manifest says.
    """
    folders: dict[Manifest, Path] = {}
    for manifest, folder in _find(PACKAGED, models_dir):
        twin = next((other for other in folders if other.model == manifest.model), None)
        if twin is not None:
            raise refused(folder, f"{folders[twin]} holds a model of the same name '{manifest.model}'; remove one")
        folders[manifest] = folder
    return tuple(_load(folders[manifest], manifest, max_pixels) for manifest in preferred_first(folders, strict))


def _find(*roots: Path | None) -> Iterator[tuple[Manifest, Path]]:
    for root in filter(None, roots):
        for file in sorted(root.glob(f"*/{MANIFEST}")):
            try:
                yield read_manifest(file.parent), file.parent
            except ValidationError as error:
                raise refused(file.parent, f"{MANIFEST} is not valid: {error}") from error


def _load(folder: Path, manifest: Manifest, max_pixels: int) -> Model:
    check_sha256(folder, manifest)
    try:
        model = FAMILIES[manifest.family](folder, manifest, max_pixels)
        model.warm()
    except Exception as error:  # onnxruntime's own classes have no common base
        raise refused(folder, f"it does not run as its {MANIFEST} says: {error}".rstrip(".")) from error
    log.info("model.loaded", model=manifest.model, slot=manifest.feature_uri, providers=model.providers)
    return model


def check_sha256(folder: Path, manifest: Manifest) -> None:
    """Refuses a file that is missing or is not the one that the manifest was written for."""
    file = folder / manifest.file
    if not file.is_file():
        raise refused(folder, f"{manifest.file} is missing; copy or export it again")
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != manifest.sha256:
        raise refused(folder, f"{manifest.file} has sha256 {found}, {MANIFEST} says {manifest.sha256}; copy it again")


def refused(folder: Path, why: str) -> InternalError:
    """The error that keeps the service from starting with a model that is not what it seems."""
    return InternalError(f"Model in {folder} refused: {why}.", reason="MODEL_REFUSED")


def _open_image_model(folder: Path, manifest: Manifest, max_pixels: int) -> Model:
    return OnnxImageModel(manifest, open_session(folder / manifest.file), max_pixels)


FAMILIES: Mapping[str, Callable[[Path, Manifest, int], Model]] = {"image_onnx": _open_image_model}
