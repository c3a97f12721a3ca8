"""Finds the models, those in the package and those in the models folder, and loads what their manifests promise."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import orjson
import structlog
from pydantic import ValidationError

from services.common.errors import InternalError
from services.extractor.manifest import MANIFEST, Manifest
from services.extractor.model_port import Model
from services.extractor.models.faces.insightface_packs import describe_pack, find_packs
from services.extractor.models.families import FAMILIES
from services.extractor.serving_plan import preferred_first

PACKAGED = Path(__file__).parent / "data"
log = structlog.get_logger()


def load_models(models_dir: Path | None, *, strict: bool, max_pixels: int) -> tuple[Model, ...]:
    """Every model that can serve, warmed, the preferred one of each slot first; `strict` leaves out the stand-ins.

    Raises InternalError with reason MODEL_REFUSED when a file is not what its manifest says.
    """
    found: dict[str, tuple[Manifest, Path]] = {}
    for manifest, folder in (*_find(PACKAGED, models_dir), *_find_packs(models_dir)):
        if manifest.model in found:
            _, twin = found[manifest.model]
            raise refused(folder, f"{twin} holds a model of the same name '{manifest.model}'; remove one")
        found[manifest.model] = manifest, folder
    order = preferred_first((manifest for manifest, _ in found.values()), strict)
    return tuple(_load(found[manifest.model][1], manifest, max_pixels) for manifest in order)


def _find(*roots: Path | None) -> Iterator[tuple[Manifest, Path]]:
    for root in filter(None, roots):
        for file in sorted(root.glob(f"*/{MANIFEST}")):
            yield _read(file), file.parent


def _find_packs(root: Path | None) -> Iterator[tuple[Manifest, Path]]:
    for folder in find_packs(root) if root is not None and root.is_dir() else ():
        try:
            manifest = describe_pack(folder)
        except ImportError as error:
            raise refused(folder, f"a model pack needs insightface ({error}); pip install likeness[faces]") from error
        except Exception as error:  # as in _load
            raise refused(folder, f"it is no model pack of insightface: {error}".rstrip(".")) from error
        if manifest is not None:
            yield manifest, folder


def _read(file: Path) -> Manifest:
    """The manifest, as the class that its family (`image_onnx` unless it says another) has for it."""
    content = file.read_bytes()
    try:
        raw = orjson.loads(content)
        kind: type[Manifest] = FAMILIES[raw.get("family", "image_onnx")].manifest
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise refused(file.parent, f"{MANIFEST} is not valid: {error}") from error
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        known = ", ".join(FAMILIES)
        raise refused(file.parent, f"{MANIFEST} is not valid: no JSON object of a family of {known}") from error


def _load(folder: Path, manifest: Manifest, max_pixels: int) -> Model:
    for name, sha256 in manifest.files.items():
        check_sha256(folder / name, sha256)
    try:
        model = FAMILIES[manifest.family].open(folder, manifest, max_pixels)
        model.warm()
    except Exception as error:  # onnxruntime's own classes have no common base
        raise refused(folder, f"it does not run as its {MANIFEST} says: {error}".rstrip(".")) from error
    log.info("model.loaded", model=manifest.model, slot=manifest.feature_uri, providers=model.providers)
    return model


def check_sha256(file: Path, sha256: str) -> None:
    """Refuses a file that is missing or is not the one that the manifest was written for."""
    if not file.is_file():
        raise refused(file.parent, f"{file.name} is missing; copy or export it again")
    with file.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != sha256:
        raise refused(file.parent, f"{file.name} has sha256 {found}, {MANIFEST} says {sha256}; copy it again")


def refused(folder: Path, why: str) -> InternalError:
    """The error that keeps the service from starting with a model that is not what it seems."""
    return InternalError(f"Model in {folder} refused: {why}.", reason="MODEL_REFUSED")
