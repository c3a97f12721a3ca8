"""Pages of an execution, by any of the contract's four methods; each cursor names the last document and its place."""

import base64
import binascii
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from services.common.errors import InvalidArgumentError
from services.gateway.kit.shapes import Answer, Form, JsonObject

MAX_SIZE = 500
MAX_SCROLL = 1000
MAX_OFFSET = 1_000_000
Method = Literal["offset", "cursor", "scroll", "keyset"]
METHODS = "one of OffsetPaginationParams, CursorPaginationParams, ScrollPaginationParams, KeysetPaginationParams"


class ExecutePages(Form):
    """Offset paging by page number; the others by limit, and by what the page before answered."""

    method: Annotated[Method, Field(description=METHODS)] = "offset"
    page_size: Annotated[int | None, Field(ge=1, le=MAX_SIZE)] = None
    page_number: Annotated[int | None, Field(ge=1, le=100_000)] = None
    limit: Annotated[int | None, Field(ge=1, le=MAX_SCROLL)] = None
    offset: Annotated[int | None, Field(ge=0, le=10_000)] = None
    cursor: Annotated[str | None, Field(max_length=2000)] = None
    scroll_id: Annotated[str | None, Field(max_length=2000)] = None
    scroll_ttl: Annotated[int | None, Field(ge=60, le=3600)] = None
    after: Annotated[JsonObject | None, Field(description="`pagination.after` of the page before")] = None


@dataclass(frozen=True, kw_only=True)
class PageWanted:
    """`size` documents after the document `after`, or from `offset` on when that cannot be found."""

    method: Method
    size: int
    offset: int
    after: str = ""


class ExecutionPages(Answer):
    """The page that was answered, and how to ask for the next one."""

    method: str
    page_number: int
    page_size: int
    returned: int
    total: int
    has_next: bool
    cursor: str | None = None
    next_cursor: str | None = None
    scroll_id: str | None = None
    after: JsonObject | None = None


def page_wanted(pages: ExecutePages, size: int) -> PageWanted:
    """The page that is asked for."""
    after, offset = _continued(pages)
    if offset is None:
        offset = pages.offset if pages.offset is not None else size * ((pages.page_number or 1) - 1)
    return PageWanted(method=pages.method, size=size, offset=offset, after=after)


def _continued(pages: ExecutePages) -> tuple[str, int | None]:
    """The last document of the page before, and how many there were up to it."""
    if pages.method == "cursor" and pages.cursor:
        return _read(pages.cursor, "body.pagination.cursor")
    if pages.method == "scroll" and pages.scroll_id:
        return _read(pages.scroll_id, "body.pagination.scroll_id")
    if pages.method == "keyset" and pages.after:
        after = pages.after
        return _checked(after.get("document_id") or after.get("id"), after.get("offset", 0), "body.pagination.after")
    return "", None


def _read(cursor: str, path: str) -> tuple[str, int]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        offset, document_id = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error) as error:
        raise InvalidArgumentError(f"{path} is not one that this server gave.", path=path) from error
    return _checked(document_id, offset, path)


def _checked(document_id: Any, offset: Any, path: str) -> tuple[str, int]:
    sound = isinstance(document_id, str) and "\0" not in document_id and type(offset) is int
    if not sound or not 0 <= offset <= MAX_OFFSET:
        raise InvalidArgumentError(f"{path} is not one that this server gave.", path=path)
    return document_id, offset


def pages_of(wanted: PageWanted, ids: list[str], scores: list[float], total: int, *, has_next: bool) -> JsonObject:
    """The contract's pagination of a page whose documents have these ids and scores."""
    pages: JsonObject = {
        "method": wanted.method,
        "page_number": wanted.offset // wanted.size + 1,
        "page_size": wanted.size,
        "returned": len(ids),
        "total": total,
        "has_next": has_next,
    }
    if not has_next or not ids:
        return pages
    offset = wanted.offset + len(ids)
    cursor = base64.urlsafe_b64encode(orjson.dumps([offset, ids[-1]])).decode().rstrip("=")
    pages |= {"cursor": cursor, "next_cursor": cursor}
    if wanted.method == "scroll":
        pages["scroll_id"] = cursor
    if wanted.method == "keyset":
        pages["after"] = {"score": scores[-1], "id": ids[-1], "offset": offset}
    return pages
