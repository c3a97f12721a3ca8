"""Documents grouped by the value of a field: a page of groups, each with its first documents."""

from dataclasses import dataclass
from itertools import groupby
from typing import Any

import asyncpg

from services.common.database.bounded_reads import bounded
from services.common.database.pool import Pool
from services.common.filters import DOCUMENTS
from services.common.filters.parameters import Parameters
from services.gateway.kit.lists.cursors import PATH, Cursor, read_cursor, write_cursor
from services.gateway.kit.lists.order_sql import Term
from services.gateway.kit.lists.page_sql import Scope, Window, where_of
from services.gateway.kit.lists.tables import value_sql

SHOWN = 100
SHOWN_IN_ALL = 1000


@dataclass(frozen=True, kw_only=True)
class Group:
    """The documents that share a value: how many, and the first of them."""

    value: Any
    count: int
    rows: list[asyncpg.Record]


@dataclass(frozen=True, kw_only=True)
class Groups:
    """A page of groups, ordered by value; documents without a value are the last group."""

    groups: list[Group]
    next_cursor: str | None
    total: int | None


async def list_groups(pool: Pool, scope: Scope, window: Window, field: str) -> Groups:
    """Groups of the documents in a scope. A page shows 1,000 documents at most, a group 100."""
    parameters = Parameters(len(scope.values) + 1)
    value = value_sql(DOCUMENTS, field, parameters)
    where = where_of(DOCUMENTS, scope, parameters)
    sql = _sql(value, where, _after(window, field, parameters), window, parameters)
    async with bounded(pool, PATH if window.cursor else "body.group_by") as connection:
        rows = await connection.fetch(sql, *scope.values, *parameters.values)
    groups = [
        Group(value=first["group_value"], count=first["group_count"], rows=[first, *rest])
        for first, *rest in (list(found) for _, found in groupby(rows, key=lambda row: row["group_number"]))
    ]
    more = len(groups) > window.limit
    groups = groups[: window.limit]
    total = rows[0]["group_total"] if rows and window.include_total else None
    cursor = write_cursor(_name(field, window), _cursor(groups[-1])) if more else None
    return Groups(groups=groups, next_cursor=cursor, total=total)


def _name(field: str, window: Window) -> str:
    return f"groups of {field}{window.tag}"


def _cursor(group: Group) -> Cursor:
    return Cursor(values=(group.rows[0]["group_text"],), key="")


def _after(window: Window, field: str, parameters: Parameters) -> str:
    """SQL of the values that come after the cursor."""
    if not window.cursor:
        return "TRUE"
    text = read_cursor(window.cursor, _name(field, window), 1).values[0]
    term = Term(expression="value", type="jsonb", descending=False)
    return term.beyond(None if text is None else f"{parameters.bind(text)}::text::jsonb") or "FALSE"


def _sql(value: str, where: str, after: str, window: Window, parameters: Parameters) -> str:
    limit = parameters.bind(window.limit + 1)
    offset = parameters.bind(0 if window.cursor else window.offset)
    shown = parameters.bind(max(1, min(SHOWN, SHOWN_IN_ALL // window.limit)))
    return f"""
        WITH found AS MATERIALIZED (SELECT d.document_id, d.row_key, {value} AS value FROM documents d WHERE {where}),
        counted AS MATERIALIZED (SELECT value, count(*) AS count FROM found GROUP BY value),
        page AS MATERIALIZED (
          SELECT *, row_number() OVER (ORDER BY value NULLS LAST) AS number FROM counted WHERE {after}
          ORDER BY value NULLS LAST LIMIT {limit} OFFSET {offset}),
        shown AS (
          SELECT f.document_id, p.*, row_number() OVER (PARTITION BY p.number ORDER BY f.row_key) AS place
          FROM found f JOIN page p ON coalesce(f.value, 'null') = coalesce(p.value, 'null'))
        SELECT d.*, s.value AS group_value, s.value::text AS group_text, s.count AS group_count,
               s.number AS group_number, (SELECT count(*) FROM counted) AS group_total
        FROM shown s JOIN documents d USING (document_id) WHERE s.place <= {shown}
        ORDER BY s.number, d.row_key"""  # noqa: S608
