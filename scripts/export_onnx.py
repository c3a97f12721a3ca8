"""What both image exports share: torch -> ONNX with a dynamic batch, their comparison, the manifest."""

import hashlib
import json
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from services.extractor.manifest import MANIFEST, ImageInput, Manifest

OPSET = 17
FILE = "model.onnx"
BATCHES = (1, 3, 5)
TOLERANCE = 1e-4
CENTRE_MARK = "@centre"


def export(network: torch.nn.Module, pixels: ImageInput, output: str, folder: Path) -> None:
    """Writes folder/model.onnx: `pixels` (n, 3, height, width) float32 -> `output` (n, dimensions)."""
    folder.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        (torch.zeros(2, 3, pixels.height, pixels.width),),
        str(folder / FILE),
        input_names=[pixels.name],
        output_names=[output],
        dynamic_axes={pixels.name: {0: "batch"}, output: {0: "batch"}},
        opset_version=OPSET,
        dynamo=False,
    )


def check_parity(network: torch.nn.Module, pixels: ImageInput, folder: Path) -> float:
    """The largest difference between torch and onnxruntime over several batch sizes; raises when it is not small."""
    session = onnxruntime.InferenceSession(str(folder / FILE), providers=["CPUExecutionProvider"])
    worst = 0.0
    for size in BATCHES:
        batch = torch.randn(size, 3, pixels.height, pixels.width, generator=torch.Generator().manual_seed(size))
        with torch.no_grad():
            expected = network(batch).numpy()
        found = session.run(None, {pixels.name: batch.numpy()})[0]
        worst = max(worst, float(np.abs(found - expected).max()))
    if worst > TOLERANCE:
        raise SystemExit(f"ONNX and torch differ by {worst:.2e} (at most {TOLERANCE:.0e} is accepted).")
    return worst


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Writes folder/manifest.json with the name and the sha256 of the exported file; the centre takes one line."""
    fields = manifest.model_copy(update={"file": FILE, "sha256": sha256_of(folder / FILE)}).model_dump(mode="json")
    centre = json.dumps(fields.pop("centre"))
    text = json.dumps({**fields, "centre": CENTRE_MARK}, indent=2)
    (folder / MANIFEST).write_text(text.replace(json.dumps(CENTRE_MARK), centre) + "\n")


def sha256_of(file: Path) -> str:
    """The digest that a manifest gives for the file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()
