"""Exports SigLIP base, the model that the image slot is named after, to ONNX with its manifest.

Needs `requirements/export.txt`. The weights are fetched from the hub (`--pretrained webli`), read from a file
(`--pretrained /path/model.safetensors`), or drawn at random (`--random`, for tests and benchmarks). The text tower
needs the tokenizer of the hub's `timm/ViT-B-16-SigLIP`, whose file is given by `--tokenizer`.
`python -m scripts.export_siglip --to <models_dir>`
"""

import argparse
import hashlib
import shutil
from pathlib import Path

import torch

from scripts.export_onnx import OPSET, check_parity, export, sha256_of, write_manifest
from scripts.open_clip_import import import_open_clip
from services.extractor.manifest import ImageInput, ImageManifest, TextInput, TextTower

open_clip = import_open_clip()

ARCHITECTURE = "ViT-B-16-SigLIP"
WEIGHTS = "webli"
MODEL = "google_siglip_base_v1"
INPUT = ImageInput(name="pixels", width=224, height=224, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))
DIMENSIONS = 768
# It was trained without a mask: every text has 64 tokens, those that it lacks being token 1.
WORDS = TextTower(input=TextInput(max_tokens=64, padding="full", pad_id=1, pooling="none", cleaning="canonical"))


class ImageTower(torch.nn.Module):  # type: ignore[misc]
    """The image half of SigLIP: pixels (n, 3, 224, 224) -> embedding (n, 768), unit norm."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.visual = network.visual

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """What `encode_image(pixels, normalize=True)` gives."""
        return torch.nn.functional.normalize(self.visual(pixels), dim=-1)


class WordsTower(torch.nn.Module):  # type: ignore[misc]
    """The text half of SigLIP: token ids (n, 64) -> embedding (n, 768), unit norm."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.text = network.text

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        """What `encode_text(ids, normalize=True)` gives."""
        return torch.nn.functional.normalize(self.text(ids), dim=-1)


def load(pretrained: str | None) -> torch.nn.Module:
    """Both towers; without `pretrained` with random weights, always the same."""
    torch.manual_seed(0)
    return open_clip.create_model(ARCHITECTURE, pretrained=pretrained).eval()


def manifest(source: str) -> ImageManifest:
    """What the service needs to know of the image tower; file and sha256 are filled in when it is written."""
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


def export_siglip(models_dir: Path, pretrained: str | None, tokenizer: Path | None = None) -> Path:
    """Writes <models_dir>/google_siglip_base_v1 and returns it; with its `tokenizer`, the text tower as well."""
    folder = models_dir / MODEL
    network = load(pretrained)
    tower = ImageTower(network).eval()
    export(tower, INPUT, "embedding", folder)
    difference = check_parity(tower, INPUT, folder)
    described = manifest(describe(pretrained))
    if tokenizer is not None:
        export_words(WordsTower(network).eval(), folder / WORDS.file)
        shutil.copyfile(tokenizer, folder / WORDS.input.tokenizer)
        described = with_words(described, folder)
    write_manifest(described, folder)
    print(f"{folder}: ONNX and torch differ by at most {difference:.1e}")
    return folder


def export_words(tower: WordsTower, file: Path) -> None:
    """Writes input_ids (n, 64) int64 -> embedding (n, 768)."""
    torch.onnx.export(
        tower,
        (torch.ones(2, WORDS.input.max_tokens, dtype=torch.int64),),
        str(file),
        input_names=["input_ids"],
        output_names=[WORDS.output],
        dynamic_axes={"input_ids": {0: "batch"}, WORDS.output: {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )


def with_words(described: ImageManifest, folder: Path) -> ImageManifest:
    """The manifest of a model whose text tower and tokenizer lie in `folder`."""
    names = (WORDS.file, WORDS.input.tokenizer)
    companions = {name: sha256_of(folder / name) for name in names}
    return described.model_copy(update={"modalities": ("image", "text"), "text": WORDS, "companions": companions})


def main() -> None:
    """Reads the arguments and exports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, required=True, help="the models folder (LIKENESS_MODELS_DIR)")
    weights = parser.add_mutually_exclusive_group()
    weights.add_argument("--pretrained", default=WEIGHTS, help="a tag of the hub or a weights file")
    weights.add_argument("--random", action="store_true", help="random weights")
    parser.add_argument("--tokenizer", type=Path, help="its tokenizer.json: then the text tower is exported as well")
    arguments = parser.parse_args()
    export_siglip(arguments.to, None if arguments.random else arguments.pretrained, arguments.tokenizer)


if __name__ == "__main__":
    main()
