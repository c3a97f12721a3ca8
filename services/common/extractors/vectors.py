"""Vectors on the wire and in the database: little-endian float16, unit norm, finite."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from likeness.common.v1.vector_pb2 import Dtype, Vector
from services.common.errors import InvalidArgumentError

FloatArray = NDArray[np.floating]
NUMPY_DTYPES: Mapping[int, np.dtype[Any]] = {Dtype.DTYPE_FLOAT16: np.dtype("<f2"), Dtype.DTYPE_FLOAT32: np.dtype("<f4")}
NORM_TOLERANCE = 0.02


def to_message(vector: FloatArray) -> Vector:
    """Packs a 1-d vector as float16."""
    data = np.ascontiguousarray(vector, dtype="<f2").tobytes()
    return Vector(data=data, dtype=Dtype.DTYPE_FLOAT16, dimensions=vector.shape[0])


def from_message(message: Vector, path: str = "vector") -> NDArray[np.float32]:
    """Unpacks and checks a vector: known dtype, right size, finite, unit norm. Shape (dimensions,), float32."""
    dtype = NUMPY_DTYPES.get(message.dtype)
    if dtype is None:
        raise InvalidArgumentError(f"{path}.dtype must be FLOAT16 or FLOAT32.", path=f"{path}.dtype")
    if message.dimensions == 0 or len(message.data) != message.dimensions * dtype.itemsize:
        raise InvalidArgumentError(
            f"{path}.data has {len(message.data)} bytes; {message.dimensions} dimensions of {dtype} need "
            f"{message.dimensions * dtype.itemsize}.",
            path=f"{path}.data",
        )
    return check_unit(np.frombuffer(message.data, dtype=dtype).astype(np.float32), path)


def check_unit(vector: NDArray[np.float32], path: str = "vector") -> NDArray[np.float32]:
    """Refuses NaN, infinity and vectors that are not of unit norm; returns it normalised exactly."""
    if not np.isfinite(vector).all():
        raise InvalidArgumentError(f"{path} holds NaN or infinity.", path=path)
    norm = float(np.linalg.norm(vector))
    if abs(norm - 1.0) > NORM_TOLERANCE:
        raise InvalidArgumentError(f"{path} must have unit norm; its norm is {norm:.4f}.", path=path)
    return vector / np.float32(norm)
