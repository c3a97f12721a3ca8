"""The published OpenAPI document is true: whatever it allows is answered as it says, and never with a fault of ours."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.e2e.client.mixpeek_namespace import Space, new_space
from tests.support.gateway.openapi import document
from tests.support.running_stack import Stack

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
SECONDS = 60
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATIONS = {result.ok().label: result.ok() for result in SCHEMA.get_all_operations() if isinstance(result, Ok)}


@pytest.fixture(scope="session")
def fuzzed(stack: Stack) -> Space:
    """A namespace in which anything may happen."""
    return new_space(stack)


def test_the_document_is_read_whole() -> None:
    assert len(OPERATIONS) == sum(len(methods) for methods in document()["paths"].values())


@pytest.mark.parametrize("operation", OPERATIONS)
def test_an_operation_answers_as_documented(operation: str, fuzzed: Space) -> None:
    @given(case=OPERATIONS[operation].as_strategy())
    @settings(
        max_examples=8,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def answers(case: Case[Any]) -> None:
        headers = {"Authorization": f"Bearer {fuzzed.key}", "X-Namespace": fuzzed.namespace}
        response = case.call(base_url=fuzzed.url, headers=headers, timeout=SECONDS)
        case.validate_response(response, checks=CHECKS)

    answers()
