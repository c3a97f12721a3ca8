"""Vectors that come with a query are checked and normalised."""

import math
from typing import Any

import numpy as np
import pytest

from services.common.errors import InvalidArgumentError
from services.taxonomy.queries.query_vectors import unit_vector


@pytest.mark.parametrize("value", [[3, 4], [3.0, 4.0], "[3, 4]", [0.6, 0.8], [3e200, 4e200], [3e-200, 4e-200]])
def test_numbers_become_a_unit_vector(value: Any) -> None:
    assert np.allclose(unit_vector(value, 2, "q"), [0.6, 0.8])


@pytest.mark.parametrize(
    "value",
    [
        [1.0],
        [1.0, 2.0, 3.0],
        [0, 0],
        [math.nan, 1.0],
        [math.inf, 1.0],
        ["a", "b"],
        [True, False],
        [[1, 2]],
        "not json",
        '{"a": 1}',
        7,
    ],
)
def test_anything_else_is_refused_with_its_path(value: Any) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        unit_vector(value, 2, "stages.0.query.value")
    assert caught.value.details["path"] == "stages.0.query.value"
