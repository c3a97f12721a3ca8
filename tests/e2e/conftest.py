"""One stack for all end-to-end tests, and clients for it."""

from collections.abc import Iterator

import pytest

from tests.e2e.api import Api
from tests.e2e.stack import Stack, running_stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("stack"), {}) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[Api]:
    client = Api(stack.url, stack.key)
    yield client
    client.client.close()
