"""A model pack of the form of insightface's buffalo_l, small: a detector of bright spots and a random recogniser."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

ANCHORS, DIMENSIONS, POOLED = 2, 512, 8
SHARPNESS, BRIGHT = 12.0, 0.8
STRIDES = (8, 16, 32)
HALF = 2.0
POINTS = ((-0.6, -0.5), (0.6, -0.5), (0.0, 0.0), (-0.5, 0.6), (0.5, 0.6))
Weights = dict[str, NDArray[np.generic]]


def write_tiny_pack(root: Path, name: str = "buffalo_l", *, only: Sequence[str] = ("det_10g", "w600k_r50")) -> Path:
    """Writes root/<name>/*.onnx; returns the folder."""
    folder = root / name
    folder.mkdir(parents=True)
    networks = {"det_10g": detector(), "w600k_r50": recogniser(), "genderage": _attributes()}
    for each in only:
        onnx.save(networks[each], folder / f"{each}.onnx")
    return folder


def detector() -> onnx.ModelProto:
    """SCRFD's outputs, of three grids with two anchors: scores, distances to the box's sides and to five points.

    A cell's score is high where the picture is bright; its box reaches two cells in each direction.
    """
    nodes: list[onnx.NodeProto] = []
    weights: Weights = {}
    for stride in STRIDES:
        nodes.append(
            _node("AveragePool", ["pixels"], f"mean_{stride}", kernel_shape=[stride] * 2, strides=[stride] * 2)
        )
        for kind, columns in (("score", 1), ("bbox", 4), ("kps", 10)):
            nodes += _head(f"{kind}_{stride}", stride, columns)
            weights |= _head_weights(f"{kind}_{stride}", kind, columns)
    outputs = [f"{kind}_{stride}" for kind in ("score", "bbox", "kps") for stride in STRIDES]
    sizes = {"score": 1, "bbox": 4, "kps": 10}
    shapes: list[tuple[str, list[str | int]]] = [
        (name, ["cells_" + name, sizes[name.partition("_")[0]]]) for name in outputs
    ]
    return _model("tiny_scrfd", nodes, [("pixels", [1, 3, "height", "width"])], shapes, weights)


def recogniser() -> onnx.ModelProto:
    """pixels (n, 3, 112, 112) -> (n, 512)."""
    random = np.random.default_rng(0)
    inputs = 3 * (112 // POOLED) ** 2
    weights: Weights = {"matrix": random.normal(0, 1, (inputs, DIMENSIONS)).astype(np.float32)}
    nodes = [
        _node("AveragePool", ["pixels"], "pooled", kernel_shape=[POOLED] * 2, strides=[POOLED] * 2),
        _node("Flatten", ["pooled"], "flat"),
        _node("MatMul", ["flat", "matrix"], "feature"),
    ]
    return _model(
        "tiny_arcface", nodes, [("pixels", ["batch", 3, 112, 112])], [("feature", ["batch", DIMENSIONS])], weights
    )


def _attributes() -> onnx.ModelProto:
    nodes = [_node("GlobalAveragePool", ["pixels"], "mean"), _node("Flatten", ["mean"], "feature")]
    return _model("tiny_genderage", nodes, [("pixels", ["batch", 3, 96, 96])], [("feature", ["batch", 3])], {})


def _head(name: str, stride: int, columns: int) -> list[onnx.NodeProto]:
    last = [_node("Sigmoid", [f"{name}_flat"], name)] if name.startswith("score") else []
    flat = f"{name}_flat" if last else name
    return [
        _node("Conv", [f"mean_{stride}", f"{name}_kernel", f"{name}_bias"], f"{name}_grid"),
        _node("Transpose", [f"{name}_grid"], f"{name}_last", perm=[0, 2, 3, 1]),
        _node("Reshape", [f"{name}_last", f"columns_{columns}"], flat),
        *last,
    ]


def _head_weights(name: str, kind: str, columns: int) -> Weights:
    values = {"score": [-SHARPNESS * BRIGHT], "bbox": [HALF] * 4, "kps": [HALF * x for point in POINTS for x in point]}
    slope = SHARPNESS / 3 if kind == "score" else 0.0
    return {
        f"{name}_kernel": np.full((columns * ANCHORS, 3, 1, 1), slope, np.float32),
        f"{name}_bias": np.tile(np.array(values[kind], np.float32), ANCHORS),
        f"columns_{columns}": np.array([-1, columns], np.int64),
    }


def _node(kind: str, inputs: list[str], output: str, **attributes: Any) -> onnx.NodeProto:
    return helper.make_node(kind, inputs, [output], **attributes)


def _model(
    name: str,
    nodes: list[onnx.NodeProto],
    inputs: list[tuple[str, list[str | int]]],
    outputs: list[tuple[str, list[str | int]]],
    weights: Weights,
) -> onnx.ModelProto:
    given, found = (
        [helper.make_tensor_value_info(each, TensorProto.FLOAT, shape) for each, shape in values]
        for values in (inputs, outputs)
    )
    initializers = [numpy_helper.from_array(value, each) for each, value in weights.items()]
    graph = helper.make_graph(nodes, name, given, found, initializers)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
