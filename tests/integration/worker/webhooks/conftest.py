"""One database for all tests of what is told, emptied after each: one of its own for each takes a second."""

import asyncio
from collections.abc import Iterator

import asyncpg
import pytest

from services.common.database.pool import Pool
from services.common.secrets.encryption import new_key
from services.common.settings import Settings
from tests.integration.worker.webhooks.delivery_bench import DeliveryBench
from tests.support.postgres import Databases

# What a worker that was killed had left open ends first.
EMPTY = """
    DO $$
    DECLARE
      name text;
      filled boolean;
    BEGIN
      PERFORM pg_terminate_backend(pid, 10000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
      FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO filled;
        IF filled THEN
          EXECUTE format('TRUNCATE %I CASCADE', name);
        END IF;
      END LOOP;
    END $$"""


@pytest.fixture(scope="session")
def deliveries_database(databases: Databases) -> Iterator[str]:
    """The address of that database."""
    name = databases.create()
    yield databases.url(name)
    databases.drop(name)


@pytest.fixture
def database_url(deliveries_database: str) -> Iterator[str]:
    """The same, empty."""
    yield deliveries_database
    asyncio.run(_empty(deliveries_database))


@pytest.fixture
async def delivery_bench(pool: Pool, settings: Settings) -> DeliveryBench:
    """A bench for deliveries to this machine, tried again at once."""
    changes = {
        "fetch_allow": "127.0.0.0/8",
        "secrets_key": new_key(),
        "webhook_retry_seconds": (0.05,) * 20,
        "drain_seconds": 5.0,
    }
    return DeliveryBench(pool=pool, settings=settings.model_copy(update=changes))


async def _empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(EMPTY)
    finally:
        await connection.close()
