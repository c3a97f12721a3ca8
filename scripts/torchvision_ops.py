"""Lets torchvision be imported beside a torch that it was not built for.

torchvision on PyPI is a CUDA build: next to CPU torch its library does not load, and `import torchvision` then fails
with "operator torchvision::nms does not exist". The exports use its transforms only, so a schema without a kernel does.
"""

import importlib.util
from pathlib import Path

import torch

SCHEMAS = (
    "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def define_missing_ops() -> None:
    """Call it before torchvision is imported. Does nothing where torchvision's own library loads."""
    if _library_loads():
        return
    for schema in SCHEMAS:
        name, _, signature = schema.partition("(")
        torch.library.define(name, f"({signature}")


def _library_loads() -> bool:
    spec = importlib.util.find_spec("torchvision")
    if spec is None or spec.origin is None:
        raise SystemExit("torchvision is not installed; see requirements/export.txt.")
    try:
        for library in Path(spec.origin).parent.glob("_C*"):
            torch.ops.load_library(library)
    except OSError:
        return False
    return True
