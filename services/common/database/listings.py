"""Pages of any table: filtered, sorted by any field, and continued by a keyset cursor.

A cursor holds the sort value and the key of the last row, so a page never repeats or skips a row, whatever is
written meanwhile, also among equal values; rows without a value come last.
"""

import base64
import binascii
from dataclasses import dataclass

import asyncpg
import orjson

from services.common.database.pool import Executor
from services.common.errors import InvalidArgumentError
from services.common.filters import EVERYTHING, Filter, Table, compile_sql
from services.common.filters.parameters import Parameters
from services.common.filters.sql import json_value
from services.common.filters.tables import Column, Kind

QUERY_SECONDS = 20.0
UNSORTED = "NULL"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A table that can be listed; all of this is SQL of ours. `key` is unique and sorts as rows were made."""

    table: Table
    source: str
    columns: str
    key: str
    key_type: str = "bigint"


@dataclass(frozen=True, kw_only=True)
class Sort:
    """Sorts by a field in any spelling that filters know."""

    field: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which part of a list is wanted; a cursor beats the offset."""

    limit: int = 10
    offset: int = 0
    cursor: str | None = None
    include_total: bool = False


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The rows that may be seen at all: SQL with $1.. and its values, then what the user asked for."""

    sql: str
    values: tuple[object, ...]
    filters: Filter = EVERYTHING
    search: str = ""
    search_sql: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows of a page; `next_cursor` is None at the end, `total` only when asked for."""

    rows: list[asyncpg.Record]
    next_cursor: str | None
    total: int | None


async def list_page(db: Executor, listing: Listing, scope: Scope, window: Window, sort: Sort | None) -> Page:
    """One page of a listing."""
    parameters = Parameters(len(scope.values) + 1)
    where = _where(listing, scope, parameters)
    total = await _count(db, listing, scope, where, parameters) if window.include_total else None
    order = _order(listing, sort, parameters)
    after = order.after(window.cursor, parameters) if window.cursor else "TRUE"
    limit = parameters.bind(window.limit + 1)
    offset = parameters.bind(0 if window.cursor else window.offset)
    sql = f"""SELECT {listing.columns}, ({listing.key})::text AS page_key, ({order.expression})::text AS page_value
        FROM {listing.source} WHERE {where} AND {after} ORDER BY {order.sql()} LIMIT {limit} OFFSET {offset}"""  # noqa: S608
    rows = await db.fetch(sql, *scope.values, *parameters.values, timeout=QUERY_SECONDS)
    more = len(rows) > window.limit
    rows = rows[: window.limit]
    return Page(rows=rows, next_cursor=order.cursor(rows[-1]) if more else None, total=total)


def _where(listing: Listing, scope: Scope, parameters: Parameters) -> str:
    start = len(scope.values) + len(parameters.values) + 1
    sql, values = compile_sql(scope.filters, start=start, table=listing.table)
    parameters.values.extend(values)
    found = [f"({scope.sql})", sql]
    if scope.search:
        pattern = scope.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found.append(f"({scope.search_sql.format(pattern=parameters.bind(f'%{pattern}%'))})")
    return " AND ".join(found)


async def _count(db: Executor, listing: Listing, scope: Scope, where: str, parameters: Parameters) -> int:
    sql = f"SELECT count(*) FROM {listing.source} WHERE {where}"  # noqa: S608
    return int(await db.fetchval(sql, *scope.values, *parameters.values, timeout=QUERY_SECONDS))


@dataclass(frozen=True, kw_only=True)
class _Order:
    expression: str
    type: str
    descending: bool
    name: str
    listing: Listing

    def sql(self) -> str:
        if self.expression == UNSORTED:
            return f"{self.listing.key} ASC"
        direction = "DESC" if self.descending else "ASC"
        return f"{self.expression} {direction} NULLS LAST, {self.listing.key} ASC"

    def cursor(self, row: asyncpg.Record) -> str:
        content = orjson.dumps([self.name, row["page_value"], row["page_key"]])
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    def after(self, cursor: str, parameters: Parameters) -> str:
        value, key = read_cursor(cursor, self.name)
        later = f"{self.listing.key} > {parameters.bind(key)}::text::{self.listing.key_type}"
        if value is None:
            return f"({self.expression} IS NULL AND {later})"
        bound = f"{parameters.bind(value)}::text::{self.type}"
        beyond = f"{self.expression} {'<' if self.descending else '>'} {bound}"
        return f"({beyond} OR ({self.expression} = {bound} AND {later}) OR {self.expression} IS NULL)"


def _order(listing: Listing, sort: Sort | None, parameters: Parameters) -> _Order:
    if sort is None:
        return _Order(expression=UNSORTED, type="text", descending=False, name="", listing=listing)
    place = listing.table.resolve(sort.field)
    if isinstance(place, Column):
        expression, kind = f"{listing.table.alias}.{place.name}", place.kind
        expression = f"to_jsonb({expression})" if kind is Kind.OTHER else expression
        type_ = {Kind.TEXT: "text", Kind.TIME: "timestamptz", Kind.OTHER: "jsonb"}[kind]
    else:
        expression, type_ = json_value(place, listing.table, parameters), "jsonb"
    name = f"{'-' if sort.descending else ''}{sort.field}"
    return _Order(expression=expression, type=type_, descending=sort.descending, name=name, listing=listing)


def read_cursor(cursor: str, name: str) -> tuple[str | None, str]:
    """Sort value and key of the row before; a cursor of a list sorted otherwise is refused."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        sort, value, key = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise InvalidArgumentError("cursor is not one that this server gave.", path="query.cursor") from error
    if sort != name or not isinstance(key, str) or not isinstance(value, str | None):
        raise InvalidArgumentError("cursor belongs to a list that is sorted otherwise.", path="query.cursor")
    return value, key
