"""One stack for all end-to-end tests, and clients for it."""

from collections.abc import Iterator

import pytest

from tests.e2e.api import Api
from tests.support.running_stack import Stack, running_stack
from tests.support.seaweed import Seaweed, seaweed

__all__ = ["seaweed"]

SETTINGS = {
    # The tests serve photos from this address; all other loopback and private addresses stay closed.
    "LIKENESS_FETCH_ALLOW": "127.0.0.1/32",
    "LIKENESS_FETCH_TIMEOUT": "1",
    "LIKENESS_MAX_BLOB_BYTES": "20000000",
    "LIKENESS_MAX_ATTEMPTS": "3",
    "LIKENESS_RETRY_BASE_SECONDS": "0.05",
}


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, seaweed: Seaweed) -> Iterator[Stack]:
    s3 = {
        "LIKENESS_S3_ENDPOINT": seaweed.endpoint,
        "LIKENESS_S3_ACCESS_KEY_ID": seaweed.access_key_id,
        "LIKENESS_S3_SECRET_ACCESS_KEY": seaweed.secret_access_key,
    }
    with running_stack(tmp_path_factory.mktemp("stack"), {**SETTINGS, **s3}) as running:
        yield running


@pytest.fixture(scope="session")
def api(stack: Stack) -> Iterator[Api]:
    client = Api(stack.url, stack.key)
    yield client
    client.client.close()
