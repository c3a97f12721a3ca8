"""Imports open_clip, and with it torchvision, beside a torch that torchvision was not built for.

torchvision on PyPI is a CUDA build: next to CPU torch its library does not load, and `import torchvision` then fails
with "operator torchvision::nms does not exist". The exports use its transforms only, so a schema without a kernel does.
"""

import importlib
import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

import torch

SCHEMAS = (
    "torchvision::nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "torchvision::qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


@cache
def import_open_clip() -> ModuleType:
    """The module open_clip. Where torchvision's own library loads, nothing is put in its place."""
    if not _library_loads():
        for schema in SCHEMAS:
            name, _, signature = schema.partition("(")
            torch.library.define(name, f"({signature}")
    return importlib.import_module("open_clip")


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
