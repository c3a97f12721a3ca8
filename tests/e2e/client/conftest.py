"""A namespace for each module of client tests, made through the client."""

import pytest

from tests.e2e.client.mixpeek_namespace import Space, new_space
from tests.support.running_stack import Stack


@pytest.fixture(scope="module")
def space(stack: Stack) -> Space:
    """An empty namespace."""
    return new_space(stack)
