"""Pages of any table: filtered, sorted by any fields, and continued by a keyset cursor.

A cursor holds the sort values and the key of the last row, so a page never repeats or skips a row, whatever is
written meanwhile, also among equal values; rows without a value come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from services.common.database.bounded_reads import bounded, snapshot
from services.common.database.pool import Connection, Executor
from services.common.filters import EVERYTHING, Filter, Table, compile_sql
from services.common.filters.parameters import Parameters
from services.gateway.kit.lists.cursors import PATH, Cursor, read_cursor, write_cursor
from services.gateway.kit.lists.declared_times import require_instants
from services.gateway.kit.lists.order_sql import Order, Sort, Term, order_of


@dataclass(frozen=True, kw_only=True)
class Listing:
    """A table that can be listed; all of this is SQL of ours. `key` is unique and sorts as rows were made.

    `beside` are further columns that are looked up for the rows of the page alone, not for those that it skips.
    `page_size` holds where nobody asks for another: the client's short calls cannot.
    """

    table: Table
    source: str
    columns: str
    key: str
    key_type: str = "bigint"
    beside: str = ""
    page_size: int = 100


@dataclass(frozen=True, kw_only=True)
class Window:
    """Which part of a list is wanted; a cursor beats the offset. Cursors stay inside lists of the same `tag`."""

    limit: int = 10
    offset: int = 0
    cursor: str | None = None
    include_total: bool = False
    tag: str = ""


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


async def list_page(db: Executor, listing: Listing, scope: Scope, window: Window, sorts: Sequence[Sort]) -> Page:
    """One page of a listing; its total is that of the same moment."""
    parameters = Parameters(len(scope.values) + 1)
    where = where_of(listing.table, scope, parameters)
    counted = [*scope.values, *parameters.values]
    key = Term(expression=listing.key, type=listing.key_type, descending=False)
    order = order_of(listing.table, sorts, key, parameters, window.tag)
    sql = _page_sql(listing, where, order, window, parameters)
    path = PATH if window.cursor else "filters"
    reading = snapshot(db, path) if window.include_total and isinstance(db, asyncpg.Pool) else bounded(db, path)
    async with reading as connection:
        await require_instants(connection, listing.table, scope.filters, scope.values)
        rows = await connection.fetch(sql, *scope.values, *parameters.values)
        total = await _count(connection, listing, where, counted) if window.include_total else None
    more = len(rows) > window.limit
    rows = rows[: window.limit]
    return Page(rows=rows, next_cursor=_cursor(order, rows[-1]) if more else None, total=total)


def _page_sql(listing: Listing, where: str, order: Order, window: Window, parameters: Parameters) -> str:
    after = "TRUE"
    if window.cursor:
        after = order.after(read_cursor(window.cursor, order.name, len(order.terms)), parameters)
    limit = parameters.bind(window.limit + 1)
    offset = parameters.bind(0 if window.cursor else window.offset)
    page = f"""SELECT {listing.columns}, ({listing.key})::text AS page_key, {order.values()} AS page_values
        FROM {listing.source} WHERE {where} AND {after}
        ORDER BY {order.sql()} LIMIT {limit} OFFSET {offset}"""  # noqa: S608
    if not listing.beside:
        return page
    alias = listing.table.alias
    return f"SELECT {alias}.*, {listing.beside} FROM ({page}) AS {alias}"  # noqa: S608


async def _count(connection: Connection, listing: Listing, where: str, values: list[object]) -> int:
    sql = f"SELECT count(*) FROM {listing.source} WHERE {where}"  # noqa: S608
    return int(await connection.fetchval(sql, *values))


def _cursor(order: Order, row: asyncpg.Record) -> str:
    return write_cursor(order.name, Cursor(values=tuple(row["page_values"]), key=row["page_key"]))


def where_of(table: Table, scope: Scope, parameters: Parameters) -> str:
    """SQL of the rows in a scope; its values beyond those of `scope.sql` go to `parameters`."""
    start = len(scope.values) + len(parameters.values) + 1
    sql, values = compile_sql(scope.filters, start=start, table=table)
    parameters.values.extend(values)
    found = [f"({scope.sql})", sql]
    if scope.search:
        pattern = scope.search.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found.append(f"({scope.search_sql.format(pattern=parameters.bind(f'%{pattern}%'))})")
    return " AND ".join(found)
