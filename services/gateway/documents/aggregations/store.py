"""An aggregation of documents or objects as SQL. Pure; nothing of the request becomes part of the text."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.common.errors import InvalidArgumentError
from services.common.filters import DOCUMENTS, OBJECTS, Table, compile_sql, parse
from services.common.filters.parameters import Parameters
from services.common.filters.sql import order_value
from services.common.filters.tables import Column, Kind
from services.gateway.documents.aggregations.shapes import (
    MAX_GROUPS,
    Aggregate,
    Aggregation,
    GroupBy,
    Having,
    RangeBucket,
)
from services.gateway.kit.lists.tables import value_sql

PARTS = {"dayOfWeek": "isodow", "dayOfYear": "doy"}
NUMBERS = "CASE jsonb_typeof({value}) WHEN 'number' THEN ({value} #>> '{{}}')::numeric END"
# Texts and numbers have no common order; of each group the greatest is that of jsonb.
METRICS = {
    "count_distinct": "to_jsonb(count(DISTINCT {value}))",
    "sum": "to_jsonb(coalesce(sum({number}), 0))",
    "avg": "to_jsonb(avg({number}))",
    "min": "(array_agg({value} ORDER BY {order}, row_key) FILTER (WHERE {value} IS NOT NULL))[1]",
    "max": "(array_agg({value} ORDER BY {order} DESC, row_key) FILTER (WHERE {value} IS NOT NULL))[1]",
    "first": "(array_agg({value} ORDER BY row_key))[1]",
    "last": "(array_agg({value} ORDER BY row_key DESC))[1]",
    "push": "jsonb_agg({value} ORDER BY row_key) FILTER (WHERE {value} IS NOT NULL)",
    "add_to_set": "jsonb_agg(DISTINCT {value}) FILTER (WHERE {value} IS NOT NULL)",
}
EXTREMES = frozenset({"min", "max"})
COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<=", "eq": "=", "ne": "<>"}
ELEMENTS = "CASE jsonb_typeof({value}) WHEN 'array' THEN {value} ELSE jsonb_build_array({value}) END"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What is aggregated: a table, and the column that says whose rows they are."""

    table: Table
    name: str
    owner: str


OF_COLLECTION = Rows(table=DOCUMENTS, name="documents", owner="collection_id")
OF_BUCKET = Rows(table=OBJECTS, name="objects", owner="bucket_id")


@dataclass(frozen=True, kw_only=True)
class Query:
    """SQL whose rows hold `groups` and `metrics` in the order of their names, and `total`."""

    sql: str
    values: list[object]
    groups: tuple[str, ...]
    metrics: tuple[str, ...]


def aggregation_query(asked: Aggregate, owner_id: str, rows: Rows = OF_COLLECTION) -> Query:
    """The query of an aggregation over the rows of a collection or bucket."""
    parameters = Parameters(1)
    owner = parameters.bind(owner_id)
    where, values = compile_sql(parse(asked.filters, "body.filters", inputs=False), start=2, table=rows.table)
    parameters.values.extend(values)
    _check_names(asked)
    values_of = _Values(asked.unwind, parameters, rows.table)
    alias = rows.table.alias
    groups = {each.name: values_of.group(each) for each in asked.group_by or []}
    groups |= {each.field: values_of.bucket(each, place) for place, each in enumerate(asked.range_buckets or [])}
    metrics = {each.alias: values_of.metric(each, place) for place, each in enumerate(asked.aggregations)}
    columns = [*(f"{sql} AS g{n}" for n, sql in enumerate(groups.values())), *values_of.columns, f"{alias}.row_key"]
    keys = [f"g{number}" for number in range(len(groups))]
    sql = f"""
        WITH found AS (SELECT {", ".join(columns)} FROM {rows.name} {alias} {values_of.join()}
                       WHERE {alias}.{rows.owner} = {owner} AND {where}),
        grouped AS (SELECT {_array(keys)} AS groups, {_array(list(metrics.values()))} AS metrics
                    FROM found {f"GROUP BY {', '.join(keys)}" if keys else ""})
        SELECT groups, metrics, count(*) OVER () AS total FROM grouped
        WHERE {_having(asked.having or [], list(metrics), parameters)}
        ORDER BY {_order(asked, list(groups), list(metrics))} LIMIT {parameters.bind(asked.limit or MAX_GROUPS)}"""  # noqa: S608
    return Query(sql=sql, values=parameters.values, groups=tuple(groups), metrics=tuple(metrics))


def _check_names(asked: Aggregate) -> None:
    for path, names in (
        ("body.group_by", [each.name for each in asked.group_by or []] + [b.field for b in asked.range_buckets or []]),
        ("body.aggregations", [each.alias for each in asked.aggregations]),
    ):
        if len(set(names)) < len(names):
            raise InvalidArgumentError(f"{path} has two of the same name; give them an alias.", path=path)


def _array(parts: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(parts)}]::jsonb[]"


class _Values:
    """Columns of `found`, each a field's value; an unwound field has one row for each of its elements."""

    def __init__(self, unwind: str | None, parameters: Parameters, table: Table) -> None:
        self.columns: list[str] = []
        self._table = table
        self._unwind = unwind
        self._parameters = parameters

    def join(self) -> str:
        """What FROM needs to unwind."""
        if self._unwind is None:
            return ""
        value = value_sql(self._table, self._unwind, self._parameters)
        return f"CROSS JOIN LATERAL jsonb_array_elements({ELEMENTS.format(value=value)}) AS element"

    def group(self, each: GroupBy) -> str:
        """SQL of a group's value; of a time, cut or in part, in UTC."""
        if each.date_trunc and each.date_part:
            raise InvalidArgumentError(
                f"'{each.name}' cannot have both date_trunc and date_part.", path="body.group_by"
            )
        if each.date_trunc:
            return f"to_jsonb(date_trunc('{each.date_trunc}', {self._moment(each.field)}, 'UTC'))"
        if each.date_part:
            part = PARTS.get(each.date_part, each.date_part)
            return f"to_jsonb(date_part('{part}', {self._moment(each.field)} AT TIME ZONE 'UTC'))"
        return self._value(each.field)

    def bucket(self, each: RangeBucket, place: int) -> str:
        """SQL of the range that a number lies in, as a text."""
        if sorted(set(each.boundaries)) != list(each.boundaries):
            message = "boundaries must rise from each to the next."
            raise InvalidArgumentError(message, path=f"body.range_buckets.{place}.boundaries")
        number = NUMBERS.format(value=self._value(each.field))
        low, *uppers = each.boundaries
        outside = each.default_bucket
        cases = [(f"{number} < {self._number(low)}", outside or f"<{low}")]
        for lower, upper in zip(each.boundaries, uppers, strict=False):
            cases.append((f"{number} <= {self._number(upper)}", f"{lower}-{upper}"))
        cases.append((f"{number} IS NOT NULL", outside or f">{each.boundaries[-1]}"))
        whens = " ".join(f"WHEN {test} THEN {self._parameters.bind(name)}::text" for test, name in cases)
        return f"to_jsonb(CASE {whens} ELSE {self._parameters.bind(outside)}::text END)"

    def _number(self, value: float) -> str:
        return f"{self._parameters.bind(str(value))}::text::numeric"

    def metric(self, each: Aggregation, place: int) -> str:
        """SQL of a metric over the rows of a group."""
        if each.source is None:
            if each.function == "count":
                return "to_jsonb(count(*))"
            raise InvalidArgumentError(f"'{each.function}' needs a field.", path=f"body.aggregations.{place}.field")
        column = f"v{len(self.columns)}"
        self.columns.append(f"{self._value(each.source)} AS {column}")
        if each.function == "count":
            return f"to_jsonb(count({column}))"
        order = self._order(each, column)
        return METRICS[each.function].format(value=column, number=NUMBERS.format(value=column), order=order)

    def _order(self, each: Aggregation, column: str) -> str:
        """What the extremes of a column are by: instants where the field is declared as a time."""
        if each.function not in EXTREMES or each.source is None or each.source == self._unwind:
            return column
        place = self._table.resolve(each.source)
        if isinstance(place, Column):
            return column
        self.columns.append(f"{order_value(each.source, place, self._table, self._parameters)} AS {column}o")
        return f"{column}o"

    def _value(self, field: str) -> str:
        if field == self._unwind:
            return "nullif(element.value, 'null'::jsonb)"
        if self._unwind is not None and field.startswith(f"{self._unwind}."):
            inside = field.removeprefix(f"{self._unwind}.").split(".")
            return f"value_at(element.value, {self._parameters.bind(inside)}::text[])"
        return value_sql(self._table, field, self._parameters)

    def _moment(self, field: str) -> str:
        place = self._table.resolve(field)
        if isinstance(place, Column) and place.kind is Kind.TIME:
            return f"{self._table.alias}.{place.name}"
        return f"(moment_text({self._value(field)} #>> '{{}}')::timestamp AT TIME ZONE 'UTC')"


def _having(conditions: Sequence[Having], metrics: Sequence[str], parameters: Parameters) -> str:
    found = ["TRUE"]
    for place, each in enumerate(conditions):
        if each.field not in metrics:
            message = f"'{each.field}' is not the alias of an aggregation."
            raise InvalidArgumentError(message, path=f"body.having.{place}.field")
        metric = f"metrics[{metrics.index(each.field) + 1}]"
        kind = "string" if isinstance(each.value, str) else "number"
        value = f"{parameters.bind(json.dumps(each.value))}::text::jsonb"
        found.append(f"(jsonb_typeof({metric}) = '{kind}' AND {metric} {COMPARE[each.operator]} {value})")
    return " AND ".join(found)


def _order(asked: Aggregate, groups: Sequence[str], metrics: Sequence[str]) -> str:
    if asked.sort_by is None:
        return "groups"
    if asked.sort_by in metrics:
        place = f"metrics[{metrics.index(asked.sort_by) + 1}]"
    elif asked.sort_by in groups:
        place = f"groups[{groups.index(asked.sort_by) + 1}]"
    else:
        message = f"'{asked.sort_by}' is neither a group nor the alias of an aggregation."
        raise InvalidArgumentError(message, path="body.sort_by")
    return f"nullif({place}, 'null') {asked.sort_direction.upper()} NULLS LAST, groups"
