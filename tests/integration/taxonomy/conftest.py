"""Fixtures: index and taxonomy as processes of one test run, and a namespace for each test."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from services.common.database.pool import prepare_connection
from services.common.grpc.client import open_channel
from tests.integration.taxonomy.processes import Services, running
from tests.integration.taxonomy.world import World
from tests.support.postgres import Databases


@pytest.fixture(scope="session")
def services(databases: Databases) -> Iterator[Services]:
    """A database, and index and taxonomy on it."""
    name = databases.create()
    with tempfile.TemporaryDirectory(prefix="lktx") as folder:
        services = Services(database_url=databases.url(name), folder=Path(folder))
        with running(services, ["index", "taxonomy"]):
            yield services
    databases.drop(name)


@pytest.fixture
async def world(services: Services) -> AsyncIterator[World]:
    """An empty namespace."""
    async with (
        asyncpg.create_pool(services.database_url, min_size=1, max_size=4, init=prepare_connection) as pool,
        open_channel(services.address("taxonomy")) as taxonomy,
        open_channel(services.address("index")) as index,
    ):
        yield await World(pool, taxonomy, index).create()
