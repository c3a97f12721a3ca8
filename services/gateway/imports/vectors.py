"""Vectors as exports write them: numbers, or their bytes in base64. Pure."""

import base64
import binascii
from typing import Any

import numpy as np

from services.common.errors import InvalidArgumentError

DTYPES = {"float16": "<f2", "float32": "<f4", "float64": "<f8"}
SHORTEST = 8
"""A list of fewer numbers is a list."""


def is_numbers(value: Any) -> bool:
    """Whether a value is a list of numbers long enough to be a vector."""
    is_long = isinstance(value, list) and len(value) >= SHORTEST
    return is_long and all(isinstance(each, int | float) and not isinstance(each, bool) for each in value)


def numbers_of(value: Any, dtype: str | None, dim: int | None, path: str) -> list[float]:
    """The numbers of a vector; InvalidArgumentError names the source field `path`."""
    if isinstance(value, list) and all(isinstance(each, int | float) for each in value):
        return [float(each) for each in value]
    if not isinstance(value, str):
        raise InvalidArgumentError(f"'{path}' is no vector: it is neither a list of numbers nor base64.", path=path)
    data = _bytes(value, path)
    kind = _dtype(dtype, len(data), dim, path)
    if not data or len(data) % np.dtype(kind).itemsize:
        raise InvalidArgumentError(f"'{path}' has {len(data)} bytes, which are no {kind} numbers.", path=path)
    return [float(each) for each in np.frombuffer(data, dtype=kind)]


def _bytes(value: str, path: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgumentError(f"'{path}' is not base64: {error}.", path=path) from error


def _dtype(told: str | None, size: int, dim: int | None, path: str) -> str:
    """As the mapping says (`float16-base64`), else what fits the dimension, else float16."""
    if told:
        name = told.lower().removesuffix("-base64").removesuffix("_base64")
        if name not in DTYPES:
            raise InvalidArgumentError(f"'{path}': dtype '{told}' is none of {', '.join(DTYPES)}.", path=path)
        return DTYPES[name]
    return next((kind for kind in DTYPES.values() if dim and size == dim * np.dtype(kind).itemsize), "<f2")
