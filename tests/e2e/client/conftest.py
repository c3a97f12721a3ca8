"""A namespace for each module of client tests, made through the client."""

import pytest

from services.common.ids import new_id
from tests.e2e.client.space import Space, model
from tests.support.running_stack import Stack


@pytest.fixture(scope="module")
def space(stack: Stack) -> Space:
    """An empty namespace."""
    return new_space(stack)


def new_space(stack: Stack) -> Space:
    """Another empty namespace of the same server."""
    name = new_id("space").lower()
    created = (
        Space(stack.url, stack.key)
        .api("NamespacesApi")
        .create_namespace(model("CreateNamespaceRequest", {"namespace_name": name}))
    )
    return Space(stack.url, stack.key, created.namespace_id)
