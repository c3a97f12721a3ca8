"""What every list route does: read the request, list a page, shape its rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import asyncpg
from fastapi import Response

from services.common.database.pool import Executor
from services.gateway.kit.lists.page_sql import Listing, Page, Scope, Window, list_page
from services.gateway.kit.lists.shapes import (
    ListBody,
    ListQuery,
    Pagination,
    filter_of,
    pagination_of,
    search_of,
    sorts_of,
    window_of,
)
from services.gateway.kit.shapes import Degraded

Item = TypeVar("Item")
UNRESOLVED_HEADER = "X-Namespace-Unresolved"


@dataclass(frozen=True, kw_only=True)
class Listed:
    """A page of rows and what to say about it."""

    page: Page
    window: Window

    @property
    def pagination(self) -> Pagination:
        """The contract's pagination."""
        return pagination_of(self.page, self.window)

    def shaped(self, shape: Callable[[asyncpg.Record], Item]) -> list[Item]:
        """The rows, each shaped."""
        return [shape(row) for row in self.page.rows]


async def listed(
    db: Executor,
    listing: Listing,
    query: ListQuery,
    body: ListBody | None,
    *,
    where: str,
    values: tuple[object, ...],
    search_sql: str,
) -> Listed:
    """The page that a request asks for, of the rows that pass `where` ($1.. are `values`)."""
    scope = Scope(
        sql=where,
        values=values,
        filters=filter_of(query, body),
        search=search_of(query, body),
        search_sql=search_sql,
    )
    window = window_of(query, body, listing.page_size)
    return Listed(page=await list_page(db, listing, scope, window, sorts_of(query, body)), window=window)


async def count_of(db: Executor, table: str, namespace_id: str) -> int:
    """All rows of a table in a namespace; `table` is ours."""
    return int(await db.fetchval(f"SELECT count(*) FROM {table} WHERE namespace_id = $1", namespace_id))  # noqa: S608


def unresolved(response: Response, header: str) -> list[Degraded]:
    """The warning of a list whose namespace does not exist, on the answer and in its header."""
    response.headers[UNRESOLVED_HEADER] = "true"
    return [
        Degraded(
            resource="namespace",
            id=header,
            reason="unresolved",
            next_step="Create the namespace with POST /v1/namespaces, or correct X-Namespace.",
        )
    ]
