"""Vectors are checked at the door: dtype, size, finite, unit norm."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from likeness.common.v1.vector_pb2 import Dtype, Vector
from services.common.errors import InvalidArgumentError
from services.common.extractors.vectors import from_message, to_message


def unit(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.array(values, dtype=np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


@given(hnp.arrays(np.float32, st.integers(1, 64), elements=st.floats(-1, 1, width=32)))
def test_a_unit_vector_survives_the_wire(raw: np.ndarray[tuple[int], np.dtype[np.float32]]) -> None:
    if np.linalg.norm(raw) < 1e-3:
        return
    vector = np.asarray(raw / np.linalg.norm(raw), dtype=np.float32)
    back = from_message(to_message(vector))
    assert np.allclose(back, vector, atol=2e-3)
    assert np.linalg.norm(back) == pytest.approx(1.0, abs=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    message = to_message(np.array([bad, 0.0], dtype=np.float32))
    with pytest.raises(InvalidArgumentError, match="NaN or infinity") as caught:
        from_message(message, "queries.0.vector")
    assert caught.value.details["path"] == "queries.0.vector"


@pytest.mark.parametrize("values", [[0.0, 0.0], [3.0, 4.0]])
def test_a_vector_that_is_not_of_unit_norm_is_refused(values: list[float]) -> None:
    with pytest.raises(InvalidArgumentError, match="unit norm"):
        from_message(to_message(np.array(values, dtype=np.float32)))


@pytest.mark.parametrize(
    ("message", "path"),
    [
        (Vector(data=b"\0" * 4, dimensions=2), "vector.dtype"),
        (Vector(data=b"\0" * 3, dtype=Dtype.DTYPE_FLOAT16, dimensions=2), "vector.data"),
        (Vector(data=b"", dtype=Dtype.DTYPE_FLOAT32, dimensions=0), "vector.data"),
    ],
)
def test_a_malformed_message_names_the_field(message: Vector, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        from_message(message)
    assert caught.value.details["path"] == path


def test_float32_is_accepted_too() -> None:
    vector = unit([1.0, 2.0, 2.0])
    message = Vector(data=vector.tobytes(), dtype=Dtype.DTYPE_FLOAT32, dimensions=3)
    assert np.array_equal(np.round(from_message(message), 6), np.round(vector, 6))
