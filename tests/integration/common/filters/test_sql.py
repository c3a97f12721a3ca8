"""The SQL of a filter agrees with its meaning, on a real PostgreSQL."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.database.pool import Pool
from services.common.errors import InvalidArgumentError
from services.common.filters import (
    DOCUMENTS,
    OBJECTS,
    Condition,
    Operator,
    compile_sort,
    compile_sql,
    parse,
    query_error,
)
from tests.support.filters.filter_oracle import holds, lookup
from tests.support.filters.filter_strategies import FILTERS, JSON_FIELDS, TEXT_FIELDS, TIME_FIELDS, documents
from tests.support.postgres import Databases

Fetch = Callable[[str, list[object]], list[Any]]

ROWS = """FROM jsonb_to_recordset($1::text::jsonb) AS d(number int, document_id text, collection_id text,
  object_id text, bucket_id text, fields jsonb, taxonomy_match jsonb, labels jsonb, internal jsonb,
  created_at timestamptz, updated_at timestamptz)"""
CORPUS = documents(count=120, seed=7)
ROWS_JSON = json.dumps([{**document, "number": number} for number, document in enumerate(CORPUS)], default=str)


@pytest.fixture
def fetch(databases: Databases) -> Iterator[Fetch]:
    """Runs one query at a time on one connection, for tests that draw many examples."""
    name = databases.create()
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(databases.url(name)))
        yield lambda sql, values: runner.run(connection.fetch(sql, ROWS_JSON, *values))
        runner.run(connection.close())
    databases.drop(name)


@settings(max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=FILTERS)
def test_sql_agrees_with_the_reference_on_random_documents(fetch: Fetch, raw: Any) -> None:
    tree = parse(raw)
    sql, values = compile_sql(tree, start=2)
    rows = fetch(f"SELECT {sql} AS found {ROWS} ORDER BY number", values)
    assert [row["found"] for row in rows] == [holds(tree, document) for document in CORPUS]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(field=JSON_FIELDS | TEXT_FIELDS | TIME_FIELDS, direction=st.sampled_from(["asc", "desc"]))
def test_sort_puts_missing_last_and_keeps_every_document(fetch: Fetch, field: str, direction: str) -> None:
    order, values = compile_sort(field, direction, start=2)
    numbers = [row["number"] for row in fetch(f"SELECT number {ROWS} ORDER BY {order}", values)]
    missing = [lookup(field, CORPUS[number]) is None for number in numbers]
    assert missing == sorted(missing)
    assert sorted(numbers) == list(range(len(CORPUS)))


@pytest.mark.parametrize(("direction", "expected"), [("asc", [2, 10, 10.5, None]), ("desc", [10.5, 10, 2, None])])
async def test_numbers_sort_by_value(pool: Pool, direction: str, expected: list[Any]) -> None:
    order, values = compile_sort("taxonomy_match.confidence", direction, start=2)
    scores = json.dumps([{"taxonomy_match": {"confidence": score}} for score in [10, None, 2, 10.5]])
    rows = await pool.fetch(f"SELECT taxonomy_match AS found {ROWS} ORDER BY {order}", scores, *values)
    assert [row["found"]["confidence"] for row in rows] == expected


HOSTILE = ["'; DROP TABLE documents; --", "x'::jsonb)) OR TRUE --", "$1", "\\", '"', "{x}", "a,b", "}", "%s"]


@pytest.mark.parametrize(("field", "value"), [("<>", "x"), ("bucket_id", "<>"), ("x", "<>")])
async def test_hostile_text_reaches_the_database_only_as_a_parameter(pool: Pool, field: str, value: str) -> None:
    usual, _ = compile_sql(Condition(field.replace("<>", "y"), Operator.CONTAINS, value.replace("<>", "y")))
    for text in HOSTILE:
        tree = Condition(field.replace("<>", text), Operator.CONTAINS, value.replace("<>", text))
        sql, values = compile_sql(tree)
        assert sql == usual
        assert await pool.fetch(f"SELECT * FROM documents d WHERE {sql}", *values) == []


@pytest.mark.parametrize(("table", "name"), [(DOCUMENTS, "documents"), (OBJECTS, "objects")])
async def test_every_column_of_the_table_exists(pool: Pool, table: Any, name: str) -> None:
    fields = [*table.columns, *(".".join(lead) for lead in table.prefixes), "anything"]
    tree = parse([{"field": field, "operator": "exists"} for field in fields])
    sql, values = compile_sql(tree, table=table)
    assert await pool.fetch(f"SELECT FROM {name} {table.alias} WHERE {sql}", *values) == []


async def test_equality_on_an_id_uses_its_index(pool: Pool) -> None:
    sql, values = compile_sql(parse({"object_id": {"$in": ["obj_1", "obj_2"]}}))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = await connection.fetch(f"EXPLAIN SELECT * FROM documents d WHERE {sql}", *values)
    assert any("documents_of_object" in row[0] for row in plan)


async def test_a_regex_that_only_the_database_refuses_becomes_a_clear_error(pool: Pool) -> None:
    sql, values = compile_sql(parse({"field": "bucket_id", "operator": "regex", "value": "a{300}"}))
    with pytest.raises(asyncpg.PostgresError) as caught:
        await pool.fetch(f"SELECT {sql} FROM (SELECT 'x' AS bucket_id) AS d", *values)
    error = query_error(caught.value)
    assert isinstance(error, InvalidArgumentError)
    assert error.reason == "INVALID_FILTER"


async def test_a_regex_made_to_backtrack_answers(pool: Pool) -> None:
    sql, values = compile_sql(parse({"field": "bucket_id", "operator": "regex", "value": "(a+)+$"}), start=2)
    query = f"SELECT {sql} FROM (SELECT $1::text AS bucket_id) AS d"
    assert await pool.fetchval(query, "a" * 20_000 + "b", *values) is False
