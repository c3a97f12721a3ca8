"""A small network of SigLIP's form: patches, places, layer norm, attention, attention pooling, unit norm."""

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from services.extractor.manifest import MANIFEST, ImageInput, ImageManifest
from tests.support.tutorial.option_a import SLOT

SIDE, PATCH, WIDTH = 32, 16, 8
TOKENS = (SIDE // PATCH) ** 2
FILE = "model.onnx"
PIXELS = ImageInput(name="pixels", width=SIDE, height=SIDE, mean=(127.5, 127.5, 127.5), std=(127.5, 127.5, 127.5))


def write_tiny_siglip(root: Path, model: str = "google_siglip_base_v1", **fields: Any) -> Path:
    """Writes root/<model>/{model.onnx,manifest.json}; `fields` replace those of the manifest. Returns the folder."""
    folder = root / model
    folder.mkdir(parents=True)
    onnx.save(network(), folder / FILE)
    manifest = ImageManifest(
        model=model,
        extractor="image_extractor@v1",
        feature_uri=SLOT,
        file=FILE,
        sha256=hashlib.sha256((folder / FILE).read_bytes()).hexdigest(),
        input=PIXELS,
        dimensions=WIDTH,
        licence="Apache-2.0",
        source="drawn at random by a test",
    )
    (folder / MANIFEST).write_text(manifest.model_copy(update=fields).model_dump_json())
    return folder


def network() -> onnx.ModelProto:
    """pixels (n, 3, 32, 32) -> embedding (n, 8)."""
    nodes = [
        helper.make_node("Conv", ["pixels", "patches"], ["grid"], kernel_shape=[PATCH, PATCH], strides=[PATCH, PATCH]),
        helper.make_node("Reshape", ["grid", "flat"], ["channels"]),
        helper.make_node("Transpose", ["channels"], ["placeless"], perm=[0, 2, 1]),
        helper.make_node("Add", ["placeless", "places"], ["tokens"]),
        helper.make_node("LayerNormalization", ["tokens", "scale", "bias"], ["normed"], axis=-1),
        *_attention("normed", "normed", "attended"),
        helper.make_node("Add", ["tokens", "attended"], ["mixed"]),
        *_attention("probe", "mixed", "pooled"),
        helper.make_node("Squeeze", ["pooled", "axis"], ["feature"]),
        helper.make_node("LpNormalization", ["feature"], ["embedding"], axis=-1, p=2),
    ]
    graph = helper.make_graph(
        nodes,
        "tiny_siglip",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["batch", 3, SIDE, SIDE])],
        [helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", WIDTH])],
        [numpy_helper.from_array(value, name) for name, value in _weights().items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def _attention(queries: str, keys: str, output: str) -> list[onnx.NodeProto]:
    names = {part: f"{output}_{part}" for part in ("turned", "logits", "shares")}
    return [
        helper.make_node("Transpose", [keys], [names["turned"]], perm=[0, 2, 1]),
        helper.make_node("MatMul", [queries, names["turned"]], [names["logits"]]),
        helper.make_node("Softmax", [names["logits"]], [names["shares"]], axis=-1),
        helper.make_node("MatMul", [names["shares"], keys], [output]),
    ]


def _weights() -> dict[str, NDArray[np.generic]]:
    random = np.random.default_rng(0)
    return {
        "patches": random.normal(0, 0.1, (WIDTH, 3, PATCH, PATCH)).astype(np.float32),
        "places": random.normal(0, 1, (1, TOKENS, WIDTH)).astype(np.float32),
        "flat": np.array([0, WIDTH, TOKENS], np.int64),
        "scale": np.ones(WIDTH, np.float32),
        "bias": np.zeros(WIDTH, np.float32),
        "probe": random.normal(0, 1, (1, 1, WIDTH)).astype(np.float32),
        "axis": np.array([1], np.int64),
    }
