"""What compiling a filter refuses, and how its parameters are numbered."""

import pytest

from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Condition, Operator, Table, compile_sort, compile_sql, parse
from services.common.filters.sql import query_error
from services.common.filters.tables import Column, Kind


def test_everything_is_true() -> None:
    assert compile_sql(EVERYTHING) == ("(TRUE)", [])


def test_parameters_are_numbered_from_the_start_given() -> None:
    sql, values = compile_sql(parse({"bucket_id": "bkt_1", "object_id": "obj_1"}), start=4)
    assert values == [["bkt_1"], ["obj_1"]]
    assert "$4" in sql
    assert "$5" in sql
    assert "$1" not in sql


def test_a_template_that_was_not_substituted_is_refused_where_a_list_is_needed() -> None:
    with pytest.raises(InvalidArgumentError):
        compile_sql(parse({"x": {"$in": "{{INPUT.x}}"}}))


@pytest.mark.parametrize(("operator", "value"), [("gt", "yesterday"), ("eq", 5), ("contains", "2026"), ("in", [True])])
def test_a_time_column_takes_iso_times_only(operator: str, value: object) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compile_sql(parse({"field": "created_at", "operator": operator, "value": value}))
    assert caught.value.details["path"] == "created_at"


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_time_outside_the_calendar_is_refused(value: str) -> None:
    with pytest.raises(InvalidArgumentError):
        compile_sql(Condition("created_at", Operator.GT, value))


def test_a_table_of_ones_own() -> None:
    table = Table(alias="b", columns={"size": Column("size_bytes", Kind.OTHER)}, prefixes={}, fields="metadata")
    assert "to_jsonb(b.size_bytes)" in compile_sql(parse({"size": {"$gt": 3}}), table=table)[0]
    assert "b.metadata #> $1" in compile_sql(parse({"x": 3}), table=table)[0]
    assert compile_sort("size", "asc", table=table) == ("b.size_bytes ASC NULLS LAST", [])


def test_a_dotted_path_to_sort_by_is_a_parameter() -> None:
    sql, values = compile_sort("taxonomy_match.confidence", "desc", start=3)
    assert sql.endswith("DESC NULLS LAST")
    assert values[0] == ["confidence"]


@pytest.mark.parametrize(("field", "direction", "path"), [("x", "up", "sort.direction"), ("", "asc", "sort.field")])
def test_a_bad_sort_names_its_place(field: str, direction: str, path: str) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        compile_sort(field, direction)
    assert caught.value.details["path"] == path


def test_only_a_bad_regex_is_the_users_fault() -> None:
    assert query_error(RuntimeError("connection lost")) is None
