"""What the taxonomy says when something that it needs is down."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from services.common.database.migrate import migrate
from services.common.database.pool import prepare_connection
from services.common.errors import UnavailableError
from services.common.grpc.client import open_channel
from tests.integration.taxonomy.processes import Services, running
from tests.integration.taxonomy.world import World, at, attribute_filter, by_vector, subject
from tests.support.postgres_server import running_postgres


@asynccontextmanager
async def without_index(database_url: str) -> AsyncIterator[World]:
    """A namespace whose taxonomy service runs without an index."""
    with tempfile.TemporaryDirectory(prefix="lktx") as folder:
        services = Services(database_url=database_url, folder=Path(folder))
        with running(services, ["taxonomy"]):
            async with (
                asyncpg.create_pool(database_url, min_size=1, max_size=2, init=prepare_connection) as pool,
                open_channel(services.address("taxonomy")) as taxonomy,
                open_channel(services.address("index")) as index,
            ):
                yield await World(pool, taxonomy, index).create()


@pytest.fixture
async def lonely(database_url: str) -> AsyncIterator[World]:
    async with without_index(database_url) as world:
        yield world


async def test_without_an_index_decisions_are_unavailable_and_not_negative(lonely: World) -> None:
    collection_id = await lonely.tutorial()
    with pytest.raises(UnavailableError):
        await lonely.enrich(collection_id, subject(at(0)))


async def test_without_an_index_searches_are_unavailable_and_filters_work(lonely: World) -> None:
    await lonely.collection()
    with pytest.raises(UnavailableError):
        await lonely.execute([by_vector(at(0))])
    assert (await lonely.execute([attribute_filter({"field": "x", "operator": "exists"})])).total == 0


async def test_lost_database_connections_are_replaced(lonely: World) -> None:
    collection_id = await lonely.collection()
    assert await lonely.enrich(collection_id, subject(at(0))) == []
    await lonely.pool.fetch(
        """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND pid <> pg_backend_pid()"""
    )
    await asyncio.sleep(0.2)
    assert await lonely.enrich(collection_id, subject(at(0))) == []


async def test_without_postgresql_everything_is_unavailable() -> None:
    with running_postgres() as server:
        await migrate(server.url())
        async with without_index(server.url()) as world:
            collection_id = await world.tutorial()
            await world.pool.close()
            server.stop()
            with pytest.raises(UnavailableError):
                await world.enrich(collection_id, subject(at(0)))
            with pytest.raises(UnavailableError):
                await world.execute([by_vector(at(0))])
