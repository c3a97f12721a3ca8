"""A query of a user's ends in time, reads only, and its faults are the user's."""

import pytest

from services.common.database.bounded import QUERY_SECONDS, bounded
from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.filters import compile_sql, parse


async def test_a_query_that_takes_too_long_is_refused_with_its_path(pool: Pool) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        async with bounded(pool, "body.filters") as connection:
            await connection.execute("SET LOCAL statement_timeout = '20ms'")
            await connection.fetchval("SELECT pg_sleep(30)")
    assert (caught.value.reason, caught.value.details["path"]) == ("QUERY_TOO_SLOW", "body.filters")
    assert await pool.fetchval("SHOW statement_timeout") == "0"


async def test_the_bound_holds_for_every_statement(pool: Pool) -> None:
    async with bounded(pool) as connection:
        assert await connection.fetchval("SHOW statement_timeout") == f"{QUERY_SECONDS}s"
        assert await connection.fetchval("SHOW transaction_read_only") == "on"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*c", "((a*)*)*b", "(.*)(.*)(.*)(.*)(.*)x", "(a{1,60}){1,4}c"])
async def test_a_regex_made_to_run_for_ever_answers_or_is_refused(pool: Pool, pattern: str) -> None:
    sql, values = compile_sql(parse({"field": "bucket_id", "operator": "regex", "value": pattern}), start=2)
    try:
        async with bounded(pool) as connection:
            await connection.execute("SET LOCAL statement_timeout = '2s'")
            query = f"SELECT {sql} FROM (SELECT $1::text AS bucket_id) AS d"
            assert await connection.fetchval(query, "a" * 5000 + "b", *values) in (True, False)
    except InvalidArgumentError as error:
        assert error.details["path"] == "filters"


async def test_equality_on_a_field_uses_the_index(pool: Pool) -> None:
    sql, values = compile_sql(parse({"field": "metadata.label", "value": "x"}))
    async with bounded(pool) as connection:
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN SELECT * FROM documents d WHERE {sql}", *values)
    assert any("documents_by_fields" in row[0] for row in plan)
