"""Every condition that the contract names is watched or refused for a reason, with the parameters that it takes."""

from typing import get_args

import pytest
from mixpeek.models.system_condition_type import SystemConditionType

from services.common.system_conditions import KNOWN, UNKNOWN, params_of
from services.gateway.alerts.shapes import ConditionType
from services.worker.alerts.measure_system_conditions import MEASURES


def test_the_contracts_conditions_are_known_or_refused() -> None:
    named = {each.value for each in SystemConditionType}
    assert set(get_args(ConditionType)) == named
    assert KNOWN.keys() | UNKNOWN.keys() == named
    assert not KNOWN.keys() & UNKNOWN.keys()


@pytest.mark.parametrize("kind", KNOWN)
def test_every_parameter_of_a_condition_has_its_place_in_the_measure(kind: str) -> None:
    assert set(MEASURES[kind].takes) == set(KNOWN[kind].model_fields)
    assert len(MEASURES[kind].takes) == len(set(MEASURES[kind].takes))
    assert all(f"${number}" in MEASURES[kind].complete(1) for number in range(1, len(MEASURES[kind].takes) + 2))


def test_parameters_that_are_not_given_have_their_defaults() -> None:
    assert params_of({"type": "batch_failed"}).model_dump() == {"window_minutes": 60, "min_failures": 1}
    assert params_of({"type": "batch_failed", "params": None}) == params_of({"type": "batch_failed", "params": {}})
