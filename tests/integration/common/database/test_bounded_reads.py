"""A query of a user's ends in time, reads only, and its faults are the user's."""

from collections.abc import AsyncIterator

import pytest

from services.common.database.bounded_reads import BOUNDED, QUERY_SECONDS, bounded
from services.common.database.pool import Pool, open_pool
from services.common.errors import InvalidArgumentError
from services.common.filters import compile_sql, parse
from services.common.settings import Settings


@pytest.fixture
async def queries(settings: Settings) -> AsyncIterator[Pool]:
    """The pool that users' queries go to."""
    async with await open_pool(settings, session=BOUNDED) as pool:
        yield pool


async def test_a_query_that_takes_too_long_is_refused_with_its_path(settings: Settings) -> None:
    async with await open_pool(settings, session={**BOUNDED, "statement_timeout": "20ms"}) as queries:
        with pytest.raises(InvalidArgumentError) as caught:
            async with bounded(queries, "body.filters") as connection:
                await connection.fetchval("SELECT pg_sleep(30)")
    assert (caught.value.reason, caught.value.details["path"]) == ("QUERY_TOO_SLOW", "body.filters")


async def test_the_bound_holds_for_every_statement(queries: Pool) -> None:
    async with bounded(queries) as connection:
        assert await connection.fetchval("SHOW statement_timeout") == f"{QUERY_SECONDS}s"
        assert await connection.fetchval("SHOW transaction_read_only") == "on"
        assert await connection.fetchval("SHOW plan_cache_mode") == "force_custom_plan"


@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)*c", "((a*)*)*b", "(.*)(.*)(.*)(.*)(.*)x", "(a{1,60}){1,4}c"])
async def test_a_regex_made_to_run_for_ever_answers_or_is_refused(settings: Settings, pattern: str) -> None:
    sql, values = compile_sql(parse({"field": "bucket_id", "operator": "regex", "value": pattern}), start=2)
    try:
        async with (
            await open_pool(settings, session={**BOUNDED, "statement_timeout": "2s"}) as queries,
            bounded(queries) as connection,
        ):
            query = f"SELECT {sql} FROM (SELECT $1::text AS bucket_id) AS d"
            assert await connection.fetchval(query, "a" * 5000 + "b", *values) in (True, False)
    except InvalidArgumentError as error:
        assert error.details["path"] == "filters"


async def test_equality_on_a_field_uses_the_index(settings: Settings) -> None:
    sql, values = compile_sql(parse({"field": "metadata.label", "value": "x"}))
    async with await open_pool(settings, session={"enable_seqscan": "off"}) as pool:
        plan = await pool.fetch(f"EXPLAIN SELECT * FROM documents d WHERE {sql}", *values)
    assert any("documents_by_fields" in row[0] for row in plan)
