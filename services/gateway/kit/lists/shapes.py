"""Paging and sorting: the parameters that lists take in the query or the body, and what they answer."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, Field

from services.common.filters import EVERYTHING, Filter, parse, parse_json
from services.common.validation.unknown_keys import IDLE, UnusedKey
from services.gateway.kit.lists.order_sql import Sort
from services.gateway.kit.lists.page_sql import Page, Window
from services.gateway.kit.lists.sort_spellings import sorts_in
from services.gateway.kit.shapes import Answer, Form, JsonObject, QueryForm


class ListQuery(QueryForm):
    """Query parameters of every list; what the body says as well wins."""

    limit: Annotated[int | None, Field(ge=1, le=1000, description="Rows per page; beats page_size")] = None
    page_size: Annotated[int | None, Field(ge=1, le=1000)] = None
    offset: Annotated[int | None, Field(ge=0, le=10_000, description="Rows to skip; beats page")] = None
    page: Annotated[int | None, Field(ge=1, description="Page number, from 1")] = None
    cursor: Annotated[str | None, Field(description="`pagination.next_cursor` of the page before; beats offset")] = None
    next_cursor: Annotated[str | None, Field(description="Same as cursor")] = None
    after: Annotated[str | None, Field(description="Same as cursor")] = None
    include_total: Annotated[bool | None, Field(description="Also count all rows")] = None
    search: Annotated[str | None, Field(max_length=1000, description="Text to look for, in any letter case")] = None
    filters: Annotated[str | None, Field(description="JSON, in any filter dialect")] = None
    sort: Annotated[
        str | None, Field(description='`field:desc`, or JSON {"field", "direction"} or a list of those')
    ] = None
    sort_by: Annotated[str | None, Field(description="`field`, `-field`, `field:asc` or `field:desc`")] = None


class ListBody(Form):
    """The optional body of a list; each key beats the query parameter of the same name."""

    unused_keys: ClassVar[Mapping[str, UnusedKey]] = {
        "case_sensitive": UnusedKey("say it inside of filters: search never minds case.", off=False),
        "include_system": IDLE,
    }

    limit: Annotated[int | None, Field(ge=1, le=1000)] = None
    page_size: Annotated[int | None, Field(ge=1, le=1000)] = None
    offset: Annotated[int | None, Field(ge=0, le=10_000)] = None
    page: Annotated[int | None, Field(ge=1)] = None
    cursor: str | None = None
    next_cursor: str | None = None
    after: str | None = None
    include_total: bool | None = None
    search: Annotated[str | None, Field(max_length=1000)] = None
    filters: Annotated[Any, Field(description="A filter in any dialect")] = None
    sort: Annotated[
        Any,
        Field(
            validation_alias=AliasChoices("sort", "sorts"),
            description='{"field", "direction"}, `field:desc`, or a list of those',
        ),
    ] = None
    sort_by: Any = None


class Pagination(Answer):
    """PaginationResponse: `next_cursor` is null at the end; totals only with include_total=true."""

    total: int | None = None
    page: int | None = None
    page_size: int | None = None
    total_pages: int | None = None
    next_page: str | None = None
    previous_page: str | None = None
    next_cursor: str | None = None


def window_of(query: ListQuery, body: ListBody | None, page_size: int) -> Window:
    """The part of the list that is asked for, at most `page_size` rows when it does not say."""
    asked = _merged(query, body)
    limit = asked.get("limit") or asked.get("page_size") or page_size
    offset = asked.get("offset")
    if offset is None:
        offset = limit * ((asked.get("page") or 1) - 1)
    cursor = asked.get("cursor") or asked.get("next_cursor") or asked.get("after")
    return Window(limit=limit, offset=offset, cursor=cursor, include_total=bool(asked.get("include_total")))


def _merged(query: ListQuery, body: ListBody | None) -> JsonObject:
    asked = query.model_dump(exclude_none=True)
    return asked if body is None else asked | body.model_dump(exclude_none=True, include=set(ListBody.model_fields))


def filter_of(query: ListQuery, body: ListBody | None) -> Filter:
    """The filter of the body, else of the query."""
    if body is not None and body.filters is not None:
        return parse(body.filters, "body.filters", inputs=False)
    return parse_json(query.filters, "query.filters", inputs=False) if query.filters else EVERYTHING


def search_of(query: ListQuery, body: ListBody | None) -> str:
    """The text to look for, or an empty one."""
    return (body.search if body is not None and body.search else query.search) or ""


def sorts_of(query: ListQuery, body: ListBody | None) -> tuple[Sort, ...]:
    """How to sort; empty for the order in which rows were made."""
    if body is not None and (given := body.sort or body.sort_by):
        return sorts_in(given, "body.sort")
    if query.sort:
        return sorts_in(query.sort, "query.sort")
    return sorts_in(query.sort_by, "query.sort_by") if query.sort_by else ()


def pagination_of(page: Page, window: Window) -> Pagination:
    """What a list says about its pages."""
    number = None if window.cursor else window.offset // window.limit + 1
    return Pagination(
        total=page.total,
        page=number,
        page_size=window.limit,
        total_pages=None if page.total is None else -(-page.total // window.limit),
        next_page=str(number + 1) if number and page.next_cursor else None,
        previous_page=str(number - 1) if number and number > 1 else None,
        next_cursor=page.next_cursor,
    )
