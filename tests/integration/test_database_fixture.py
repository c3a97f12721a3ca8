"""Each test gets a migrated database of its own."""

from services.common.database.pool import Pool
from tests.support.postgres import Databases

INSERT = "INSERT INTO namespaces (namespace_id, namespace_name) VALUES ('ns_1', 'one')"


async def test_each_test_starts_with_an_empty_migrated_database(pool: Pool) -> None:
    await pool.execute(INSERT)
    assert await pool.fetchval("SELECT count(*) FROM namespaces") == 1


async def test_what_another_test_wrote_is_not_there(pool: Pool) -> None:
    assert await pool.fetchval("SELECT count(*) FROM namespaces") == 0


async def test_databases_of_one_server_are_apart(databases: Databases, pool: Pool) -> None:
    assert databases.create() != await pool.fetchval("SELECT current_database()")
