"""A dotted name leads to the same value in Python and in the database."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.common.database.pool import prepare_connection
from services.common.filters import DOCUMENTS, Condition, Operator, compile_sql
from services.common.json.paths import value_at, without

Ask = Callable[..., Any]
NAMES = st.sampled_from(["a", "b", "a.b", "b.a", "a.b.c", "c", "0", "1", "-1"])
SCALARS = st.sampled_from([None, True, 0, 1, 2.5, "x", "y", ""])
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
FIELDS = st.dictionaries(NAMES, VALUES, max_size=4)
PATHS = st.lists(st.sampled_from(["a", "b", "c", "0", "-1"]), min_size=1, max_size=4).map(".".join)
EXAMPLES = settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ask(database_url: str) -> Iterator[Ask]:
    """One value from the database."""
    with asyncio.Runner() as runner:
        connection = runner.run(asyncpg.connect(database_url))
        runner.run(prepare_connection(connection))
        yield lambda sql, *values: runner.run(connection.fetchval(sql, *values))
        runner.run(connection.close())


@EXAMPLES
@given(fields=FIELDS, path=PATHS)
def test_the_database_finds_what_python_finds(ask: Ask, fields: dict[str, Any], path: str) -> None:
    assert ask("SELECT value_at($1, string_to_array($2, '.'))", fields, path) == value_at(fields, path)
    assert ask("SELECT field_value($1, $2)", fields, path) == value_at(fields, path)


@EXAMPLES
@given(fields=FIELDS, path=PATHS, wanted=st.sampled_from([True, 0, 1, 2.5, "x", ""]))
def test_the_index_never_hides_what_a_path_finds(ask: Ask, fields: dict[str, Any], path: str, wanted: Any) -> None:
    plain, values = compile_sql(Condition(path, Operator.EQ, wanted), start=2, table=DOCUMENTS)
    found = ask(f"SELECT {plain} FROM (SELECT $1::jsonb AS fields) AS d", fields, *values)
    value = value_at(fields, path)
    if value is None:
        value = value_at(fields, f"metadata.{path}")
    elements = [json.dumps(each) for each in (value if isinstance(value, list) else [value])]
    assert found == (json.dumps(wanted) in elements)


@given(fields=FIELDS, path=PATHS)
def test_without_a_path_nothing_is_found_there(fields: dict[str, Any], path: str) -> None:
    if not any(part.lstrip("-").isdigit() for part in path.split(".")):
        assert value_at(without(fields, [path]), path) is None
