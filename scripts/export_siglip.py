"""Exports SigLIP base, the model that the image slot is named after, to ONNX with its manifest.

Needs `requirements/export.txt`. The weights are fetched from the hub (`--pretrained webli`), read from a file
(`--pretrained /path/model.safetensors`), or drawn at random (`--random`, for tests and benchmarks).
`python -m scripts.export_siglip --to <models_dir>`
"""

import argparse
import hashlib
from pathlib import Path

import torch

from scripts.export_onnx import check_parity, export, write_manifest
from scripts.open_clip_import import import_open_clip
from services.extractor.models.manifest import ImageInput, ImageManifest

open_clip = import_open_clip()

ARCHITECTURE = "ViT-B-16-SigLIP"
WEIGHTS = "webli"
MODEL = "google_siglip_base_v1"
INPUT = ImageInput(name="pixels", width=224, height=224, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
DIMENSIONS = 768


class ImageTower(torch.nn.Module):  # type: ignore[misc]
    """The image half of SigLIP: pixels (n, 3, 224, 224) -> embedding (n, 768), unit norm."""

    def __init__(self, pretrained: str | None) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.visual = open_clip.create_model(ARCHITECTURE, pretrained=pretrained).visual

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """What `encode_image(pixels, normalize=True)` gives."""
        return torch.nn.functional.normalize(self.visual(pixels), dim=-1)


def manifest(source: str) -> ImageManifest:
    """What the service needs to know of the network; file and sha256 are filled in when it is written."""
    return ImageManifest(
        model=MODEL,
        extractor="image_extractor@v1",
        feature_uri=f"mixpeek://image_extractor@v1/{MODEL}",
        input=INPUT,
        output="embedding",
        dimensions=DIMENSIONS,
        modalities=("image",),
        licence="Apache-2.0",
        source=source,
    )


def describe(pretrained: str | None) -> str:
    """Where the weights came from; a file is named by its content, not by its place."""
    origin = f"open_clip_torch=={open_clip.__version__} {ARCHITECTURE}"
    if pretrained is None:
        return f"{origin}, random weights: for tests and benchmarks only"
    if Path(pretrained).is_file():
        digest = hashlib.sha256(Path(pretrained).read_bytes()).hexdigest()
        return f"{origin}, weights {Path(pretrained).name} sha256 {digest}"
    return f"{origin}, weights {pretrained}"


def export_siglip(models_dir: Path, pretrained: str | None) -> Path:
    """Writes <models_dir>/google_siglip_base_v1/{model.onnx,manifest.json} and returns that folder."""
    folder = models_dir / MODEL
    tower = ImageTower(pretrained).eval()
    export(tower, INPUT, "embedding", folder)
    difference = check_parity(tower, INPUT, folder)
    write_manifest(manifest(describe(pretrained)), folder)
    print(f"{folder}: ONNX and torch differ by at most {difference:.1e}")
    return folder


def main() -> None:
    """Reads the arguments and exports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True, help="the models folder (LIKENESS_MODELS_DIR)")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--pretrained", default=WEIGHTS, help="a tag of the hub or a weights file")
    weights.add_argument("--random", action="store_true", help="random weights")
    arguments = parser.parse_args()
    export_siglip(arguments.to, None if arguments.random else arguments.pretrained)


if __name__ == "__main__":
    main()
