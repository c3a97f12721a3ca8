"""Fixtures: one embedded PostgreSQL for the test run, one fresh migrated database for each test that asks."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest

from services.common.database.migrate import migrate
from services.common.database.pool import Pool, open_pool
from services.common.settings import Settings
from tests.support.postgres_server import PostgresServer, running_postgres

TEMPLATE = "migrated"


class Databases:
    """Makes databases on one server; each is a copy of the migrated template."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._numbers = count(1)
        self._execute(f"CREATE DATABASE {TEMPLATE}")
        asyncio.run(migrate(self.url(TEMPLATE)))

    def url(self, name: str) -> str:
        """The address of a database of this server, over its unix socket."""
        return self.server.url(name)

    def create(self) -> str:
        """A new database with every migration applied; returns its name."""
        name = f"test_{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    def drop(self, name: str) -> None:
        """Removes a database, and the connections that a test left open."""
        self._execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        command = [str(self.server.programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-c", sql, self.server.url()]
        subprocess.run(command, check=True, capture_output=True, timeout=60)


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """A server of this test run alone."""
    with running_postgres() as server:
        yield Databases(server)


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """The address of a fresh, migrated database."""
    name = databases.create()
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings on a fresh database and a fresh data folder."""
    return Settings(database_url=database_url, data_dir=tmp_path / "data")


@pytest.fixture
async def pool(settings: Settings) -> AsyncIterator[Pool]:
    """A pool on that database."""
    async with await open_pool(settings) as pool:
        yield pool
